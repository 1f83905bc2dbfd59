package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.scenario.RawWebSocket;
import io.github.realtimespring.scenario.ReactiveServerTest;
import io.github.realtimespring.scenario.RealtimeServer;
import io.github.realtimespring.scenario.TestClient;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.epoll.Epoll;
import io.netty.handler.codec.http.websocketx.WebSocketFrameEncoder;
import io.netty.handler.logging.LoggingHandler;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Messages that go past Netty's buffer, and what has to be before or behind them. */
@ReactiveServerTest
class DirectWriteIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("busy");
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @BeforeEach
    void onLinux() {
        assumeThat(Epoll.isAvailable()).isTrue();
    }

    @Test
    void onEpollAndOnIoUringMessagesGoStraightToTheSocket() throws Exception {
        try (RealtimeServer server = RealtimeServer.start();
                TestClient client = server.client()) {
            assertThat(socket(server)).isNotNull();
            publishNumbers(server, 1_000, "");
            await().atMost(PATIENCE).until(() -> client.inOrder() == 1_000);
        }
    }

    @Test
    void withTlsTheyGoThroughThePipeline(@TempDir Path directory) throws Exception {
        Path store = directory.resolve("server.p12");
        String password = "password";
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "server",
                        "-keyalg",
                        "EC",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        password,
                        "-keystore",
                        store.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(keytool.waitFor()).isZero();
        try (RealtimeServer server = RealtimeServer.start(
                "server.ssl.key-store=file:" + store, "server.ssl.key-store-password=" + password)) {
            HttpClient http = HttpClient.newBuilder()
                    .sslContext(trusting(store, password))
                    .build();
            URI uri = URI.create("wss://localhost:" + server.port + "/realtime/ws");
            try (TestClient client = TestClient.connect(http, uri)) {
                client.expect("\"welcome\"");
                assertThat(socket(server)).isNull();
                publishNumbers(server, 1_000, "");
                await().atMost(PATIENCE).until(() -> client.inOrder() == 1_000);
            }
        }
    }

    private static SSLContext trusting(Path store, String password) throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        keys.load(Files.newInputStream(store), password.toCharArray());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("server", keys.getCertificate("server"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    @Test
    void aHandlerOfTheApplicationSeesWhatIsWritten() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Watched.class));
                TestClient client = server.client()) {
            assertThat(socket(server)).isNull();
            publishNumbers(server, 100, "");
            await().atMost(PATIENCE).until(() -> client.inOrder() == 100);
        }
    }

    /** Events go straight to the socket until it is full; answers to pings and the close always through the pipeline. */
    @Test
    void aReaderThatPausesGetsWholeMessagesInOrderWithAnswersBetweenThem() throws Exception {
        int last = 1_500;
        try (RealtimeServer server =
                        RealtimeServer.start("realtime.queue.max-bytes=64MB", "realtime.queue.max-messages=100000");
                RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", 4096)) {
            client.message();
            publishNumbers(server, last, "x".repeat(5_000));
            Channel channel = server.bean(RealtimeServer.Channels.class).channel();
            await().atMost(PATIENCE).until(() -> pending(channel) > 0);
            client.frame(RawWebSocket.FIN | RawWebSocket.PING, new byte[] {7});
            int pongs = 0;
            int seen = 0;
            while (seen < last) {
                RawWebSocket.Frame frame = client.read();
                if (frame.first() == (RawWebSocket.FIN | RawWebSocket.PONG)) {
                    assertThat(frame.payload()).containsExactly(7);
                    pongs++;
                    continue;
                }
                assertThat(frame.first()).isEqualTo(RawWebSocket.FIN | RawWebSocket.TEXT);
                for (String event : new String(frame.payload(), StandardCharsets.UTF_8).split("\n")) {
                    if (event.startsWith("{\"type\":\"event\"")) {
                        assertThat(event).contains("{\"n\":" + ++seen + ",").endsWith("}");
                    }
                }
                if (seen % 100 == 0) {
                    client.frame(RawWebSocket.FIN | RawWebSocket.PING, new byte[] {7});
                }
            }
            assertThat(pongs).isPositive();
            server.connection().close(CloseReason.SUPERSEDED);
            assertThat(client.closeCode()).isEqualTo(4409);
        }
    }

    private static long pending(Channel channel) {
        return channel.unsafe().outboundBuffer().totalPendingWriteBytes();
    }

    /** What the messages of the only connection are written to, past the pipeline. */
    private static DirectSocket socket(RealtimeServer server) throws Exception {
        Channel channel = server.bean(RealtimeServer.Channels.class).channel();
        return channel.eventLoop()
                .submit(() -> {
                    ChannelHandlerContext encoder = channel.pipeline().context(WebSocketFrameEncoder.class);
                    return DirectSocket.below(encoder);
                })
                .get(20, TimeUnit.SECONDS);
    }

    private static void publishNumbers(RealtimeServer server, int last, String text) {
        server.connection();
        server.joinAll(ROOM);
        for (int i = 1; i <= last; i++) {
            Publication publication =
                    server.publish(ROOM, DeliveryClass.CRITICAL, "{\"n\":" + i + ",\"text\":\"" + text + "\"}");
            if (i % 250 == 0) {
                // More than the fanout takes at once would be refused on a busy machine.
                publication.receipt().toCompletableFuture().join();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Watched {

        @Bean
        NettyServerCustomizer watch() {
            return server -> server.doOnChannelInit(
                    (observer, channel, address) -> channel.pipeline().addFirst("watch", new LoggingHandler()));
        }
    }
}
