/** Joining, leaving and the rules of a room. */
@NullMarked
package io.github.realtimespring.room;

import org.jspecify.annotations.NullMarked;
