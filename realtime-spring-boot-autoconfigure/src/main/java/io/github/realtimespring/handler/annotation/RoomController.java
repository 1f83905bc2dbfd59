package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.core.annotation.AliasFor;
import org.springframework.stereotype.Component;

/**
 * A class whose methods handle the rooms of one pattern (SPEC §8). It is a component like any other; Spring MVC does not
 * take it for a web controller.
 *
 * <p>Every pattern needs an access rule: a {@link RoomAccess} method, a
 * {@link io.github.realtimespring.handler.RoomAccessRule} bean, {@code @PreAuthorize} on the {@link RoomJoined} method,
 * or {@link #open()}. Without one the application does not start.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Component
public @interface RoomController {

    /**
     * The pattern, such as {@code project:{projectId}}: literal text and variables of letters, digits and
     * {@code . _ ~ -}. A variable ends at the end or before one of {@code : @ + = , |}. Of several matching patterns the
     * one with fewer variables wins, then the one with more literal text. Most controllers have one pattern; one with
     * several serves the rooms of each.
     */
    String[] value();

    /** Whether everybody may join. */
    boolean open() default false;

    /** The name of the bean. */
    @AliasFor(annotation = Component.class, attribute = "value")
    String name() default "";
}
