/** The annotations of room controllers, room events and the events they send (SPEC §8). */
@NullMarked
package io.github.realtimespring.handler.annotation;

import org.jspecify.annotations.NullMarked;
