package io.github.realtimespring.scenario;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scenarios that open sockets: run once on Tomcat and once on Jetty, and fail on any other server. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("servlet-server")
@ExtendWith(DemandedServer.class)
public @interface ServletServerTest {}
