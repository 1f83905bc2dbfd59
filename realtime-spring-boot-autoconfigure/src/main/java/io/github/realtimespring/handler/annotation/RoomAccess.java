package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * The method that decides whether a connection may join, asked before the membership exists. {@code false}, a stage or
 * {@code Mono} of it or nothing, refuses with {@code forbidden}; an exception refuses with its own error; a {@code void}
 * method that returns allows. All rules of a pattern must allow.
 *
 * @since 0.1.0
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Reflective(RoomReflectiveProcessor.class)
public @interface RoomAccess {}
