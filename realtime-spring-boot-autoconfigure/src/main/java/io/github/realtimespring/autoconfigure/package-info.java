/** Auto-configuration of all realtime features. */
@NullMarked
package io.github.realtimespring.autoconfigure;

import org.jspecify.annotations.NullMarked;
