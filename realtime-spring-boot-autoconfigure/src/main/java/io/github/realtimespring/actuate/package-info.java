/** Actuator endpoints, health and meters. */
@NullMarked
package io.github.realtimespring.actuate;

import org.jspecify.annotations.NullMarked;
