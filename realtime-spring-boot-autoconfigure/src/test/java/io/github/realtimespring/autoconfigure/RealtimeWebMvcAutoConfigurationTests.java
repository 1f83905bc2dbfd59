package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.actuate.RealtimeMeter;
import io.github.realtimespring.protocol.JwtTokenAuthenticator;
import io.github.realtimespring.protocol.OpaqueTokenAuthenticator;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.WebSocketSettings;
import io.github.realtimespring.webmvc.HttpSessionConnections;
import io.github.realtimespring.webmvc.RealtimeHandlerMapping;
import io.github.realtimespring.webmvc.RealtimeWebSocketHandler;
import io.github.realtimespring.webmvc.WebSocketThreads;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableWebApplicationContext;
import org.springframework.boot.test.context.runner.WebApplicationContextRunner;
import org.springframework.boot.webmvc.autoconfigure.DispatcherServletAutoConfiguration;
import org.springframework.boot.webmvc.autoconfigure.WebMvcAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;

class RealtimeWebMvcAutoConfigurationTests {

    private final WebApplicationContextRunner runner = new WebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeAutoConfiguration.class,
                    RealtimeSecurityAutoConfiguration.class,
                    RealtimeWebMvcAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    DispatcherServletAutoConfiguration.class,
                    WebMvcAutoConfiguration.class));

    @Test
    void pathsAreBelowTheBasePath() {
        this.runner.withPropertyValues("realtime.base-path=/live/v1").run(context -> {
            assertThat(context.getBean(RealtimeHandlerMapping.class).getUrlMap())
                    .containsOnlyKeys(
                            "/live/v1/ws",
                            "/live/v1/sse",
                            "/live/v1/poll",
                            "/live/v1/send",
                            "/live/v1/info",
                            "/live/v1/client/realtime.js");
            assertThat(context.getBean(StartupLine.class).toString())
                    .startsWith("Realtime ready: ws,sse,poll at /live/v1 · ");
        });
    }

    @Test
    void clientIsNotServedWhenTurnedOff() {
        this.runner
                .withPropertyValues("realtime.client.serve=false")
                .run(context -> assertThat(
                                context.getBean(RealtimeHandlerMapping.class).getUrlMap())
                        .containsOnlyKeys(
                                "/realtime/ws", "/realtime/sse", "/realtime/poll", "/realtime/send", "/realtime/info"));
    }

    @Test
    void transportsThatAreTurnedOffHaveNoPath() {
        this.runner
                .withPropertyValues(
                        "realtime.transports.websocket.enabled=false",
                        "realtime.transports.sse.enabled=false",
                        "realtime.transports.long-poll.enabled=false",
                        "realtime.client.serve=false")
                .run(context -> {
                    assertThat(context).hasSingleBean(ProtocolSessions.class);
                    assertThat(paths(context)).containsExactly("/realtime/info");
                });
    }

    @Test
    void withoutWebSocketOnTheClassPathTheOtherTransportsServe() {
        this.runner
                .withClassLoader(new FilteredClassLoader("jakarta.websocket"))
                .run(context -> assertThat(paths(context))
                        .doesNotContain("/realtime/ws")
                        .contains("/realtime/sse"));
    }

    private static Set<String> paths(AssertableWebApplicationContext context) {
        return context.getBean(RealtimeHandlerMapping.class).getUrlMap().keySet();
    }

    @Test
    void startsWithoutSecurityOnTheClassPath() {
        this.runner
                .withClassLoader(new FilteredClassLoader("org.springframework.security"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .hasSingleBean(RealtimeHandlerMapping.class)
                        .doesNotHaveBean(RealtimeTokenAuthenticator.class));
    }

    @Test
    void startsWithoutReactorAndWebFluxAndCountsWhoWaits() {
        this.runner
                .withConfiguration(AutoConfigurations.of(RealtimeMetricsAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new)
                .withClassLoader(new FilteredClassLoader(
                        "reactor", "io.netty", "org.reactivestreams", "org.springframework.web.reactive"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .getBean(MeterRegistry.class)
                        .extracting(registry -> registry.get(RealtimeMeter.TRANSPORT_PENDING.getName())
                                .tag("transport", "websocket")
                                .gauge()
                                .value())
                        .isEqualTo(0.0));
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                WebSocketThreads.class,
                HttpSessionConnections.class,
                WebSocketSettings.class,
                RealtimeWebSocketHandler.class
            })
    <T> void beanGivesWayToOneOfTheApplication(Class<T> type) {
        this.runner.run(defaults -> {
            T own = defaults.getBean(type);
            this.runner
                    .withBean("own", type, () -> own)
                    .run(context -> assertThat(context.getBean(type)).isSameAs(own));
        });
    }

    @Test
    void originThatIsNoneStopsTheStart() {
        this.runner
                .withPropertyValues("realtime.websocket.allowed-origins=https://app.example.com/path")
                .run(context -> assertThat(context.getStartupFailure())
                        .rootCause()
                        .isInstanceOfSatisfying(
                                InvalidConfigurationPropertyValueException.class,
                                failure ->
                                        assertThat(failure.getName()).isEqualTo("realtime.websocket.allowed-origins")));
    }

    @Test
    void propertiesReachTheTransport() {
        this.runner
                .withPropertyValues(
                        "realtime.websocket.max-frame-size=16KB",
                        "realtime.websocket.compression=true",
                        "realtime.websocket.bearer-subprotocol=false")
                .run(context -> {
                    WebSocketSettings settings = context.getBean(WebSocketSettings.class);
                    assertThat(settings.maxFrameSize()).isEqualTo(16 << 10);
                    assertThat(settings.compression()).isTrue();
                    assertThat(settings.bearerSubprotocol()).isFalse();
                });
    }

    @Test
    void tokensAreCheckedByTheResourceServersDecoder() {
        this.runner
                .withBean(JwtDecoder.class, () -> token -> null)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isInstanceOf(JwtTokenAuthenticator.class));
    }

    @Test
    void tokensAreCheckedByTheResourceServersIntrospector() {
        this.runner
                .withBean(OpaqueTokenIntrospector.class, () -> token -> null)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isInstanceOf(OpaqueTokenAuthenticator.class));
    }

    @Test
    void tokensAreCheckedByTheApplicationsAuthenticatorBeforeAllOthers() {
        RealtimeTokenAuthenticator own = token -> new CompletableFuture<>();
        this.runner
                .withBean(JwtDecoder.class, () -> token -> null)
                .withBean("own", RealtimeTokenAuthenticator.class, () -> own)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isSameAs(own));
    }

    @Test
    void mappingGivesWayToOneOfTheApplication() {
        this.runner
                .withUserConfiguration(OwnMapping.class)
                .run(context -> assertThat(
                                context.getBean(RealtimeHandlerMapping.class).getUrlMap())
                        .containsOnlyKeys("/own/ws"));
    }

    @Configuration(proxyBeanMethods = false)
    static class OwnMapping {

        @Bean
        RealtimeHandlerMapping ownMapping(RealtimeWebSocketHandler handler) {
            return new RealtimeHandlerMapping("/own", Map.of("/ws", handler));
        }
    }
}
