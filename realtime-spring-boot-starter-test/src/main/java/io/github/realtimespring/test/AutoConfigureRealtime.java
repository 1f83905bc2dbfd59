package io.github.realtimespring.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.context.PropertyMapping;

/**
 * Imports the auto-configurations of the engine and the handlers, without a transport. {@link RealtimeTest} has it.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ImportAutoConfiguration
public @interface AutoConfigureRealtime {

    /** The backplane, whatever the application's properties say: none of the libraries that others need is loaded here. */
    @PropertyMapping("realtime.backplane.type")
    String backplane() default "local";

    /** The store of what nodes have to agree on, whatever the application's properties say. */
    @PropertyMapping("realtime.store.type")
    String store() default "local";
}
