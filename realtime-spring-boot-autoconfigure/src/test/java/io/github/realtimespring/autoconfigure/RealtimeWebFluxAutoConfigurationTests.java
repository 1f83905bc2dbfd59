package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.actuate.RealtimeMeter;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.OriginPolicy;
import io.github.realtimespring.protocol.ReactiveJwtTokenAuthenticator;
import io.github.realtimespring.protocol.ReactiveOpaqueTokenAuthenticator;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.ServerInfo;
import io.github.realtimespring.protocol.WebSocketSettings;
import io.github.realtimespring.webflux.NettyUpgrade;
import io.github.realtimespring.webflux.RealtimeHandlerMapping;
import io.github.realtimespring.webflux.RealtimeWebSocketHandler;
import io.github.realtimespring.webflux.SessionUpgrade;
import io.github.realtimespring.webflux.WebSessionConnections;
import io.github.realtimespring.webflux.WebSocketLoops;
import io.github.realtimespring.webflux.WebSocketUpgrade;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ReactiveWebApplicationContextRunner;
import org.springframework.boot.webflux.autoconfigure.WebFluxAutoConfiguration;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

class RealtimeWebFluxAutoConfigurationTests {

    private final ReactiveWebApplicationContextRunner runner = new ReactiveWebApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeAutoConfiguration.class,
                    RealtimeSecurityAutoConfiguration.class,
                    RealtimeWebMvcAutoConfiguration.class,
                    RealtimeWebFluxAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    WebFluxAutoConfiguration.class));

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
                        .doesNotContainKey("/realtime/client/realtime.js")
                        .containsKey("/realtime/info"));
    }

    @Test
    void thereIsNoTransportWhenItIsTurnedOff() {
        this.runner
                .withPropertyValues("realtime.transports.websocket.enabled=false")
                .run(context -> assertThat(
                                context.getBean(RealtimeHandlerMapping.class).getUrlMap())
                        .containsKeys("/realtime/sse", "/realtime/poll", "/realtime/send")
                        .doesNotContainKey("/realtime/ws"));
        this.runner
                .withPropertyValues(
                        "realtime.transports.sse.enabled=false", "realtime.transports.long-poll.enabled=false")
                .run(context -> assertThat(
                                context.getBean(RealtimeHandlerMapping.class).getUrlMap())
                        .containsOnlyKeys("/realtime/ws", "/realtime/info", "/realtime/client/realtime.js"));
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
    void channelsAreWrittenToWhereThereIsReactorNetty() {
        this.runner.run(
                context -> assertThat(context.getBean(WebSocketUpgrade.class)).isInstanceOf(NettyUpgrade.class));
    }

    @Test
    void startsWithoutReactorNettyAndWithoutServlets() {
        this.runner
                .withClassLoader(new FilteredClassLoader("reactor.netty", "io.netty", "jakarta.servlet"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .doesNotHaveBean(WebSocketLoops.class)
                        .getBean(WebSocketUpgrade.class)
                        .isInstanceOf(SessionUpgrade.class));
    }

    @Test
    void tokensAreCheckedByTheResourceServersReactiveDecoder() {
        this.runner
                .withBean(ReactiveJwtDecoder.class, () -> token -> null)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isInstanceOf(ReactiveJwtTokenAuthenticator.class));
    }

    @Test
    void tokensAreCheckedByTheResourceServersReactiveIntrospector() {
        this.runner
                .withBean(ReactiveOpaqueTokenIntrospector.class, () -> token -> null)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isInstanceOf(ReactiveOpaqueTokenAuthenticator.class));
    }

    @Test
    void tokensAreCheckedByTheApplicationsAuthenticatorBeforeAllOthers() {
        RealtimeTokenAuthenticator own = token -> new CompletableFuture<>();
        this.runner
                .withBean(ReactiveOpaqueTokenIntrospector.class, () -> token -> null)
                .withBean("own", RealtimeTokenAuthenticator.class, () -> own)
                .run(context -> assertThat(context.getBean(RealtimeTokenAuthenticator.class))
                        .isSameAs(own));
    }

    @Test
    void waitingConnectionsHaveAGaugeWhereThereIsReactorNetty() {
        ReactiveWebApplicationContextRunner metered = this.runner
                .withConfiguration(AutoConfigurations.of(RealtimeMetricsAutoConfiguration.class))
                .withBean(MeterRegistry.class, SimpleMeterRegistry::new);
        metered.run(context -> assertThat(context.getBean(MeterRegistry.class)
                        .get(RealtimeMeter.TRANSPORT_PENDING.getName())
                        .tag("transport", "websocket")
                        .gauge()
                        .value())
                .isZero());
        metered.withClassLoader(new FilteredClassLoader("reactor.netty", "io.netty", "jakarta.servlet"))
                .run(context -> assertThat(context)
                        .hasNotFailed()
                        .getBean(MeterRegistry.class)
                        .extracting(registry -> registry.find(RealtimeMeter.TRANSPORT_PENDING.getName())
                                .tag("transport", "websocket")
                                .gauge())
                        .isNull());
    }

    @Test
    void aControllerOfTheApplicationAtOneOfThePathsStopsTheStart() {
        this.runner
                .withBean(OwnInfo.class)
                .run(context -> assertThat(context.getStartupFailure()).isInstanceOf(BasePathClashException.class));
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                WebSocketLoops.class,
                WebSessionConnections.class,
                WebSocketSettings.class,
                WebSocketUpgrade.class,
                RealtimeWebSocketHandler.class,
                OriginPolicy.class,
                Handshakes.class,
                ServerInfo.class
            })
    <T> void beanGivesWayToOneOfTheApplication(Class<T> type) {
        this.runner.run(defaults -> {
            T own = defaults.getBean(type);
            this.runner
                    .withBean("own", type, () -> own)
                    .run(context -> assertThat(context.getBean(type)).isSameAs(own));
        });
    }

    @RestController
    static class OwnInfo {

        @GetMapping("/realtime/info")
        String info() {
            return "mine";
        }
    }
}
