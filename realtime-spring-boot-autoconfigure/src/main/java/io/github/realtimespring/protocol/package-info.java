/** The transport-neutral protocol session of one connection. */
@NullMarked
package io.github.realtimespring.protocol;

import org.jspecify.annotations.NullMarked;
