/** Values that every layer shares: routing keys, events, delivery classes, cursors and errors. */
@NullMarked
package io.github.realtimespring;

import org.jspecify.annotations.NullMarked;
