package io.github.realtimespring.handler.annotation;

import io.github.realtimespring.Delivery;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * A type whose values are sent as events. Properties below {@code realtime.events} override it (SPEC §7).
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Reflective(RoomReflectiveProcessor.class)
public @interface RealtimeEvent {

    /** The event's name. */
    String name();

    /** The delivery class; empty for the default of rooms, {@code realtime.rooms.default-delivery}. */
    Delivery[] delivery() default {};

    /**
     * The property whose value decides which events replace each other while a client is behind; empty for none. Only for
     * classes without a place in the room's stream.
     */
    String coalesceBy() default "";
}
