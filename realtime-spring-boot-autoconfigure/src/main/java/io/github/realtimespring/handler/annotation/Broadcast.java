package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Sends what a {@link RoomEvent} method returns to the room instead of to the caller, whose acknowledgement has the
 * event's id and cursor. {@code null} sends nothing. Broadcasting is always written out: a leak to a whole room is never
 * an accident.
 *
 * @since 0.1.0
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
public @interface Broadcast {

    /** The name of the event that is sent; empty for the name in {@link RealtimeEvent} on the returned type. */
    String value() default "";
}
