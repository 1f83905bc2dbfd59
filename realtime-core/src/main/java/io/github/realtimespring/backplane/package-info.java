/** The port that moves events between processes, and the adapter for one process (SPEC §6). */
@NullMarked
package io.github.realtimespring.backplane;

import org.jspecify.annotations.NullMarked;
