/** Fakes for the ports of the engine. */
@NullMarked
package io.github.realtimespring.testing;

import org.jspecify.annotations.NullMarked;
