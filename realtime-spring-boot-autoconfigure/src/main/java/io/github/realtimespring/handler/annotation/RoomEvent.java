package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * The method that handles an event which a client publishes to a room. What it returns is the reply to that client, unless
 * {@link Broadcast} sends it to the room. On a bean that is no {@link RoomController} it names its {@link #room()}.
 *
 * @since 0.1.0
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Reflective(RoomReflectiveProcessor.class)
public @interface RoomEvent {

    /** The event's name. */
    String value();

    /** The pattern of the room; empty in a {@link RoomController}, which has one. */
    String room() default "";
}
