package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.TenantResolver;
import io.netty.channel.EventLoop;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.oauth2.core.DefaultOAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.core.OAuth2AuthenticatedPrincipal;
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.netty.http.server.HttpServer;
import reactor.netty.resources.LoopResources;

/** All connections share one event loop: application code that waited on it would stop everybody. */
@ReactiveServerTest
class EventLoopIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String JOIN = "{\"type\":\"join\",\"id\":1,\"room\":\"talk:1\"}";
    private static final String SAY =
            "{\"type\":\"publish\",\"id\":2,\"room\":\"talk:1\",\"event\":\"say\",\"data\":{\"text\":\"hi\"}}";
    private static final String WAIT =
            "{\"type\":\"publish\",\"id\":7,\"room\":\"talk:1\",\"event\":\"wait\",\"data\":{}}";

    private static RealtimeServer server;

    @BeforeAll
    static void start() {
        server = RealtimeServer.start(List.of(
                RealtimeServer.OpenSecurity.class,
                OneLoop.class,
                Application.class,
                Slow.class,
                Talk.class,
                SlowRoom.class));
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "tenant, WEBSOCKET",
        "tenant, SSE",
        "tenant, POLL",
        "identity, WEBSOCKET",
        "handshake, WEBSOCKET",
        "handshake, SSE",
        "handshake, POLL",
        "access, WEBSOCKET",
        "access, SSE",
        "access, POLL",
        "joined, WEBSOCKET",
        "joined, SSE",
        "joined, POLL"
    })
    void codeOfTheApplicationThatWaitsInAHandshakeOrAJoinHoldsUpNobodyElse(String where, TransportClient.Kind kind)
            throws Exception {
        whileItWaits(where, () -> {
            String room = where.equals("access") || where.equals("joined") ? "slow:" + where : "talk:2";
            try (TransportClient client = kind.join(server, room, null, "X-Slow: " + where)) {
                client.expect("\"joined\"");
            }
            return null;
        });
    }

    @Test
    void anEventThatIsPostedAndWaitsHoldsUpNobodyElse() throws Exception {
        try (TransportClient member = TransportClient.Kind.SSE.join(server, "talk:1", null)) {
            member.expect("\"joined\"");
            whileItWaits("event", () -> member.publish(WAIT));
        }
    }

    /** As one does that asks a server with a reactive client, whose loops are those of the server. */
    @Test
    void aTokenThatWasCheckedOnTheLoopLeavesTheRestOfTheHandshakeToOthers() throws Exception {
        String token = Base64.getUrlEncoder().withoutPadding().encodeToString("alice".getBytes(StandardCharsets.UTF_8));
        whileItWaits("handshake", () -> {
            try (TestClient client = server.client(
                    "X-Slow: handshake", "Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer." + token)) {
                client.expect("\"user\":\"alice\"");
            }
            return null;
        });
    }

    /** Somebody waits for {@code where} in {@code waiting}, and meanwhile others of the loop have what they ask for. */
    private static void whileItWaits(String where, Callable<?> waiting) throws Exception {
        Slow slow = server.bean(Slow.class);
        CountDownLatch go = slow.close(where);
        // Not in the common pool, whose one thread the JDK's client needs for its handshakes from JDK 25 on.
        CompletableFuture<Object> done = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return waiting.call();
                    } catch (Exception ex) {
                        throw new IllegalStateException(ex);
                    }
                },
                task -> new Thread(task, "waiting").start());
        try {
            await().atMost(PATIENCE).until(() -> slow.isWaiting(where));
            try (TestClient one = server.client();
                    SseClient two = SseClient.open(server.http("/realtime/sse?room=talk:1"))) {
                two.expect("\"joined\"");
                one.send(JOIN);
                one.expect("\"joined\"");
                one.send(SAY);
                one.expect("\"ack\"");
                two.expect("\"said\"");
            }
            HttpResponse<String> info = HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(server.http("/realtime/info"))
                                    .timeout(PATIENCE)
                                    .build(),
                            HttpResponse.BodyHandlers.ofString());
            assertThat(info.statusCode()).isEqualTo(200);
            assertThat(done).isNotDone();
            assertThat(slow.isWaiting(where)).isTrue();
        } finally {
            go.countDown();
        }
        done.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(server.bean(OneLoop.Loops.class).seen).hasSize(1);
    }

    @Configuration(proxyBeanMethods = false)
    static class OneLoop {

        /** Those that connections had. */
        static final class Loops implements NettyServerCustomizer {
            final Set<EventLoop> seen = ConcurrentHashMap.newKeySet();

            @Override
            public HttpServer apply(HttpServer server) {
                return server.doOnConnection(
                        connection -> this.seen.add(connection.channel().eventLoop()));
            }
        }

        @Bean
        Loops loops() {
            return new Loops();
        }

        @Bean
        ReactorResourceFactory oneLoop() {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setLoopResourcesSupplier(() -> LoopResources.create("one", 1, true));
            return resources;
        }
    }

    /** Waits where a test says so. */
    static final class Slow {

        private record Gate(String where, CountDownLatch waits, CountDownLatch go) {}

        private volatile Gate gate;

        CountDownLatch close(String where) {
            Gate gate = new Gate(where, new CountDownLatch(1), new CountDownLatch(1));
            this.gate = gate;
            return gate.go();
        }

        boolean isWaiting(String where) {
            Gate gate = this.gate;
            return gate.where().equals(where) && gate.waits().getCount() == 0;
        }

        void pass(String where) {
            Gate gate = this.gate;
            if (gate == null || !gate.where().equals(where)) {
                return;
            }
            gate.waits().countDown();
            try {
                gate.go().await();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Application {

        @Bean
        TenantResolver tenants(Slow slow) {
            return request -> {
                pass(slow, "tenant", request.header("X-Slow"));
                return null;
            };
        }

        @Bean
        IdentityCustomizer identities(Slow slow) {
            return (identity, request) -> {
                pass(slow, "identity", request.header("X-Slow"));
                return identity;
            };
        }

        @Bean
        HandshakeCustomizer handshakes(Slow slow) {
            return (handshake, request) -> {
                pass(slow, "handshake", request.header("X-Slow"));
                return handshake;
            };
        }

        private static void pass(Slow slow, String here, String where) {
            if (here.equals(where)) {
                slow.pass(here);
            }
        }

        @Bean
        ReactiveOpaqueTokenIntrospector introspector(OneLoop.Loops loops) {
            return token -> Mono.<OAuth2AuthenticatedPrincipal>fromSupplier(
                            () -> new DefaultOAuth2AuthenticatedPrincipal(
                                    token, Map.of("sub", token), AuthorityUtils.NO_AUTHORITIES))
                    .subscribeOn(Schedulers.fromExecutor(loops.seen.iterator().next()));
        }
    }

    record Said(String text) {}

    @RoomController(value = "talk:{id}", open = true)
    static class Talk {

        private final Slow slow;

        Talk(Slow slow) {
            this.slow = slow;
        }

        @RoomEvent("say")
        @Broadcast("said")
        Said say(Said said) {
            return said;
        }

        @RoomEvent("wait")
        void waitForIt() {
            this.slow.pass("event");
        }
    }

    @RoomController("slow:{where}")
    static class SlowRoom {

        private final Slow slow;

        SlowRoom(Slow slow) {
            this.slow = slow;
        }

        @RoomAccess
        boolean mayEnter(@RoomVariable String where) {
            this.slow.pass(where.equals("access") ? where : "nowhere");
            return true;
        }

        @RoomJoined
        void joined(@RoomVariable String where) {
            this.slow.pass(where);
        }
    }
}
