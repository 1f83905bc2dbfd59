/** The streams of rooms: epochs, offsets and, later, what was in them (SPEC §10). */
@NullMarked
package io.github.realtimespring.history;

import org.jspecify.annotations.NullMarked;
