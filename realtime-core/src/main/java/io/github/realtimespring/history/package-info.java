/** The streams of rooms: epochs, offsets and the events that can still be replayed (SPEC §10). */
@NullMarked
package io.github.realtimespring.history;

import org.jspecify.annotations.NullMarked;
