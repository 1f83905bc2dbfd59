package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * An application event that is sent to a room after the transaction that published it has committed, or at once where
 * there is none. The type is also a {@link RealtimeEvent}, which names the event.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Reflective(RoomReflectiveProcessor.class)
public @interface BroadcastTo {

    /** The room, such as {@code project:{projectId}}; its variables are properties of the event. */
    String value();

    /** The property that holds the tenant; empty where the application has no tenants. */
    String tenant() default "";
}
