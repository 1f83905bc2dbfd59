/** Values that every part of the engine shares: keys, events, delivery classes, cursors. */
@NullMarked
package io.github.realtimespring;

import org.jspecify.annotations.NullMarked;
