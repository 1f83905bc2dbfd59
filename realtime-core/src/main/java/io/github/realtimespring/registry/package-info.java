/** Who is connected and who is in which key: the only state that rooms and fanout share (SPEC §1). */
@NullMarked
package io.github.realtimespring.registry;

import org.jspecify.annotations.NullMarked;
