package io.github.realtimespring.handler.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.springframework.aot.hint.annotation.Reflective;

/**
 * The method whose value becomes {@code joined.state}, called when the membership exists and the position in the room's
 * stream was read: the state and the events that follow have no hole between them (SPEC §10). If it fails, the join is
 * taken back.
 *
 * @since 0.1.0
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Reflective(RoomReflectiveProcessor.class)
public @interface RoomJoined {}
