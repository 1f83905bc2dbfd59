/** Joins and leaves: membership, subscription and position as one step (SPEC §1, §10). */
@NullMarked
package io.github.realtimespring.room;

import org.jspecify.annotations.NullMarked;
