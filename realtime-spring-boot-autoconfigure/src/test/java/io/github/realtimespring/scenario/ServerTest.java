package io.github.realtimespring.scenario;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scenarios that open sockets: run once on Tomcat, once on Jetty and once on Reactor Netty, and fail on any other server. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("servlet-server")
@Tag("reactive-server")
@ExtendWith(DemandedServer.class)
public @interface ServerTest {}
