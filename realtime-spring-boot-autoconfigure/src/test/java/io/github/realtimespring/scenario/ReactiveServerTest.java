package io.github.realtimespring.scenario;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.extension.ExtendWith;

/** Scenarios of WebFlux that open sockets: run on Reactor Netty only, and fail on any other server. */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Tag("reactive-server")
@EnabledIfSystemProperty(named = "realtime.test.server", matches = "netty")
@ExtendWith(DemandedServer.class)
public @interface ReactiveServerTest {}
