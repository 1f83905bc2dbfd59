package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.webflux.EventStreamWriter;
import io.github.realtimespring.webflux.ResponseEventStreamWriter;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.reactivestreams.Publisher;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Event streams on Reactor Netty, by each of the two ways in which they are written: as chunks below the codec, and as the
 * ordinary body of a response where somebody decorates it or the application wants it so.
 */
@ReactiveServerTest
@ExtendWith(OutputCaptureExtension.class)
class NettyEventStreamsIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String PATH = "/realtime/sse?room=project:1";
    private static final RoutingKey ROOM = RoutingKey.room("project:1");
    private static final DeliveryClass RECOVERABLE = DeliveryClass.of(Delivery.RECOVERABLE);

    private static RealtimeServer start(Class<?> configuration, String... properties) {
        return RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, configuration), properties);
    }

    @ParameterizedTest
    @ValueSource(classes = {Plain.class, Ordinary.class, Decorated.class})
    void everyEventComesOnceAndInOrderAndTheEndHasItsCode(Class<?> configuration) throws Exception {
        try (RealtimeServer server = start(configuration);
                SseClient one = SseClient.open(server.http(PATH));
                SseClient two = SseClient.open(server.http(PATH + "&room=project:2"))) {
            one.expect("\"joined\"");
            two.expect("project:2");
            assertThat(one.header("Content-Type")).startsWith("text/event-stream");
            for (int n = 1; n <= 500; n++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + n + ",\"t\":\"" + "x".repeat(n) + "\"}");
            }
            one.expect("{\"n\":500,");
            two.expect("{\"n\":500,");
            assertThat(one.frames("event")).hasSize(500).isEqualTo(two.frames("event"));
            for (int n = 1; n <= 500; n++) {
                assertThat(one.frames("event").get(n - 1)).contains("{\"n\":" + n + ",");
            }
            if (configuration == Decorated.class) {
                assertThat(server.bean(Decorated.Counter.class).bytes.get()).isGreaterThan(2 * 500 * 500 / 2);
            }
            server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
            for (SseClient client : List.of(one, two)) {
                assertThat(client.awaitEnd().expect("goaway")).contains("\"code\":4409");
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {Ordinary.class, Decorated.class})
    void whoReadsNothingOfAnOrdinaryBodyIsCutAndNobodyElseNotices(Class<?> configuration) throws Exception {
        try (RealtimeServer server =
                        start(configuration, "realtime.queue.max-bytes=256KB", "realtime.websocket.send-timeout=3s");
                Socket stopped = stopped(server, PATH);
                SseClient client = SseClient.open(server.http(PATH))) {
            client.expect("\"joined\"");
            publishMuch(server, client);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
            await().atMost(PATIENCE).until(() -> server.sockets() == 1);
            assertThat(server.closes().count(1013)).isEqualTo(1);
            assertThat(client.isOpen()).isTrue();
        }
    }

    /** More than the sockets' buffers and the bound of a queue, no faster than {@code client} reads. */
    private static void publishMuch(RealtimeServer server, SseClient client) throws Exception {
        String text = "x".repeat(20_000);
        for (int n = 1; n <= 400; n++) {
            server.publish(ROOM, DeliveryClass.STANDARD, "{\"n\":" + n + ",\"t\":\"" + text + "\"}")
                    .receipt()
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
            if (n % 20 == 0) {
                client.expect("{\"n\":" + n + ",");
            }
        }
        assertThat(client.frames("event")).hasSize(400);
    }

    /** Every way in which a stream ends, with every buffer tracked. */
    @ParameterizedTest
    @ValueSource(classes = {Plain.class, Ordinary.class})
    void noBufferOfAStreamIsLost(Class<?> configuration, CapturedOutput output) throws Exception {
        BufferLeaks.assertNone(output, () -> {
            churn(configuration);
            return null;
        });
    }

    private static void churn(Class<?> configuration) throws Exception {
        try (RealtimeServer server = start(configuration, "realtime.queue.max-bytes=2MB")) {
            List<SseClient> clients = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                // Those of one room share what is written, the others have an id of their own.
                clients.add(SseClient.open(server.http(i % 2 == 0 ? PATH : PATH + "&room=project:2")));
            }
            for (SseClient client : clients) {
                client.expect("\"room\":\"project:1\"");
            }
            try (Socket stopped = stopped(server, PATH);
                    Socket left = stopped(server, PATH)) {
                String text = "x".repeat(30_000);
                for (int n = 1; n <= 300; n++) {
                    server.publish(ROOM, DeliveryClass.EPHEMERAL, "{\"n\":" + n + ",\"t\":\"" + text + "\"}")
                            .receipt()
                            .toCompletableFuture()
                            .get(10, TimeUnit.SECONDS);
                    if (n == 200) {
                        left.close();
                    }
                }
                await().atMost(PATIENCE).until(() -> server.connections().size() == 11);
                // A message is in flight that it does not take.
                stopped.close();
            }
            await().atMost(PATIENCE).until(() -> server.connections().size() == 10);
            try (SseClient refused = SseClient.open(server.http(PATH), "Origin: https://evil.com")) {
                assertThat(refused.status()).isEqualTo(403);
            }
            try (SseClient old = SseClient.open(server.http(PATH), "Last-Event-ID: nonsense")) {
                old.expect("\"gap\"");
            }
            for (int i = 0; i < 4; i++) {
                clients.get(i).close();
            }
            server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
            for (SseClient client : clients) {
                client.awaitEnd();
            }
            // And some that the end of the server finds.
            SseClient.open(server.http(PATH)).expect("\"joined\"");
        }
    }

    private static Socket stopped(RealtimeServer server, String path) throws Exception {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress("127.0.0.1", server.port));
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        InputStream in = socket.getInputStream();
        StringBuilder seen = new StringBuilder();
        while (seen.indexOf("joined") < 0) {
            seen.append((char) in.read());
        }
        return socket;
    }

    /** As an application has it that says nothing. */
    @Configuration(proxyBeanMethods = false)
    static class Plain {}

    /** Streams are the bodies of responses, as on every other server. */
    @Configuration(proxyBeanMethods = false)
    static class Ordinary {

        @Bean
        EventStreamWriter ordinaryBodies() {
            return new ResponseEventStreamWriter();
        }
    }

    /** A filter of the application counts what is written. */
    @Configuration(proxyBeanMethods = false)
    static class Decorated {

        static final class Counter {
            final AtomicLong bytes = new AtomicLong();
        }

        @Bean
        Counter counter() {
            return new Counter();
        }

        @Bean
        WebFilter counting(Counter counter) {
            return (exchange, chain) -> chain.filter(exchange.mutate()
                    .response(new ServerHttpResponseDecorator(exchange.getResponse()) {
                        @Override
                        public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
                            return super.writeAndFlushWith(Flux.from(body)
                                    .map(part -> Flux.from(part)
                                            .doOnNext(buffer -> counter.bytes.addAndGet(buffer.readableByteCount()))));
                        }
                    })
                    .build());
        }
    }
}
