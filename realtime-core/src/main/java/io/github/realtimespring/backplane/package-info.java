/** The port through which nodes exchange events, and its implementation for one process. */
@NullMarked
package io.github.realtimespring.backplane;

import org.jspecify.annotations.NullMarked;
