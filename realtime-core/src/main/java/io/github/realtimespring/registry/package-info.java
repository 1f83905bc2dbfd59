/** Who is in which room: the only state that rooms and fanout both see. */
@NullMarked
package io.github.realtimespring.registry;

import org.jspecify.annotations.NullMarked;
