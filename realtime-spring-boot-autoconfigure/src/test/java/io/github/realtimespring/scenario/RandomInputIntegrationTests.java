package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.registry.RoomRegistry;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * Thousands of frames and requests that are nearly right: the process goes on, who behaves does not notice, and when it is
 * over nothing of it is left (issue "bad input"; SPEC §15). A failure names the seed of its client.
 */
@ServerTest
class RandomInputIntegrationTests {

    private static final long SEED = 20_261_127;
    private static final int CLIENTS = 8;
    private static final int FRAMES = 10_000;
    private static final int REQUESTS = 2_000;
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final RoutingKey CALM = RoutingKey.room("project:calm");

    /**
     * WebFlux fails to answer 404 after Reactor Netty has answered 400 to a body that cannot be decoded; our paths do not. And
     * Reactor says it of any answer that begins when its client has just gone.
     */
    private static final Pattern OF_THE_SERVER = Pattern.compile(
            "HttpWebHandlerAdapter: .*500 Server Error for HTTP \\w+ \"(?!/realtime/(ws|sse|poll|send|info)[?\"])"
                    + "|onErrorDropped\\s+reactor\\.netty\\.channel\\.AbortedException: Connection has been closed BEFORE send");

    private static RealtimeServer server;
    private static ErrorLog errors;
    private static List<TransportClient> bystanders;

    @BeforeAll
    static void start() throws Exception {
        server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                "realtime.inbound.rate=1000000",
                "realtime.inbound.burst=1000000",
                "realtime.transports.long-poll.wait=1s",
                // A stream that its client has left is noticed by the next heartbeat.
                "realtime.heartbeat.interval=500ms",
                "realtime.heartbeat.timeout=10m");
        errors = ErrorLog.listen();
        bystanders = new ArrayList<>();
        for (TransportClient.Kind kind : TransportClient.Kind.values()) {
            bystanders.add(kind.join(server, CALM.id(), null));
            bystanders.get(bystanders.size() - 1).expect("\"joined\"");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        errors.close();
        for (TransportClient bystander : bystanders) {
            bystander.close();
        }
        server.close();
    }

    @AfterEach
    void nothingIsLeftAndNobodyElseHasNoticed() throws Exception {
        await().atMost(PATIENCE).until(() -> server.connections().size() == bystanders.size());
        assertThat(errors.lines().stream()
                        .filter(line -> !OF_THE_SERVER.matcher(line).find()))
                .isEmpty();
        assertThat(server.connections().inconsistencies()).isEmpty();
        RoomRegistry rooms = server.bean(RoomRegistry.class);
        await().atMost(PATIENCE).until(() -> rooms.keyCount() == 1 && rooms.connectionCount() == bystanders.size());
        await().atMost(PATIENCE).until(() -> server.bean(ProtocolSessions.class).size() == bystanders.size());
        // A stream, a WebSocket, and what the poller keeps alive.
        await().atMost(PATIENCE).until(() -> server.sockets() <= bystanders.size());
        for (String gauge : List.of(
                "realtime.queue.messages",
                "realtime.queue.bytes",
                "realtime.fanout.pending",
                "realtime.transport.pending",
                "realtime.resume.pending")) {
            await().atMost(PATIENCE)
                    .untilAsserted(
                            () -> assertThat(server.gauge(gauge)).as(gauge).isZero());
        }
        assertThat(server.gauge("realtime.connections")).isEqualTo(bystanders.size());
        int before = bystanders.get(0).events().size();
        server.publish(CALM, DeliveryClass.RECOVERABLE, "{\"n\":" + before + ",\"x\":0}")
                .receipt()
                .toCompletableFuture()
                .get(10, TimeUnit.SECONDS);
        for (TransportClient bystander : bystanders) {
            bystander.expect("{\"n\":" + before + ",");
            assertThat(bystander.events()).hasSize(before + 1);
        }
    }

    interface Work {
        void run(Mutations mutations) throws Exception;
    }

    private static void inParallel(Work work) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        try {
            List<CompletableFuture<Void>> running = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                long seed = SEED + i;
                running.add(CompletableFuture.runAsync(
                        () -> {
                            try {
                                work.run(new Mutations(seed));
                            } catch (Exception | AssertionError failed) {
                                throw new AssertionError("seed " + seed + ": " + failed, failed);
                            }
                        },
                        threads));
            }
            CompletableFuture.allOf(running.toArray(CompletableFuture[]::new)).get(120, TimeUnit.SECONDS);
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void tenThousandRandomFramesEndNothingButTheirOwnConnections() throws Exception {
        AtomicInteger frames = new AtomicInteger();
        AtomicInteger connections = new AtomicInteger();
        Map<Integer, AtomicInteger> codes = new ConcurrentSkipListMap<>();
        inParallel(mutations -> {
            while (frames.get() < FRAMES) {
                connections.incrementAndGet();
                int code = connection(mutations, frames);
                codes.computeIfAbsent(code, none -> new AtomicInteger()).incrementAndGet();
            }
        });
        assertThat(connections.get()).isGreaterThan(300);
        // What they were is as varied as it is meant to be; a failure of the server's is none of it.
        assertThat(codes).containsKeys(1002, 1003, 1007).doesNotContainKeys(1011);
    }

    /** Some messages that are text and of an allowed size, then one that may be anything; the code that the server says. */
    private static int connection(Mutations mutations, AtomicInteger frames) throws Exception {
        Random random = mutations.random();
        try (RawWebSocket client = server.raw().timeout(20_000)) {
            client.message();
            int texts = random.nextInt(40);
            for (int i = 0; i < texts; i++) {
                text(client, mutations.frame(), random);
                frames.incrementAndGet();
            }
            client.text("{\"type\":\"leave\",\"id\":7777,\"room\":\"project:3\"}");
            // However wrong, it was an error each and not the end.
            client.answer(7777);
            client.timeout(50);
            return wire(client, mutations, frames);
        }
    }

    /** In one frame or in several. */
    private static void text(RawWebSocket client, String text, Random random) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int from = 0;
        int opcode = RawWebSocket.TEXT;
        while (random.nextInt(4) == 0) {
            int to = from + random.nextInt(bytes.length - from + 1);
            client.frame(opcode, Arrays.copyOfRange(bytes, from, to));
            from = to;
            opcode = RawWebSocket.CONTINUATION;
        }
        client.frame(RawWebSocket.FIN | opcode, Arrays.copyOfRange(bytes, from, bytes.length));
    }

    private static int wire(RawWebSocket client, Mutations mutations, AtomicInteger frames) throws IOException {
        try {
            for (int i = 1 + mutations.random().nextInt(4); i > 0; i--) {
                client.write(mutations.wire());
                frames.incrementAndGet();
            }
        } catch (IOException closed) {
            // It was closed for what came before.
        }
        if (mutations.random().nextInt(4) == 0) {
            // Goes away in the middle.
            return 0;
        }
        try {
            return client.closeCode();
        } catch (SocketTimeoutException waitsForMore) {
            return 0;
        } catch (IOException reset) {
            return 1006;
        }
    }

    @Test
    void randomRequestsAreAnsweredOrClosed() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        Map<Integer, AtomicInteger> statuses = new ConcurrentSkipListMap<>();
        inParallel(mutations -> {
            while (requests.incrementAndGet() <= REQUESTS) {
                int status = exchange(mutations.request());
                statuses.computeIfAbsent(status, none -> new AtomicInteger()).incrementAndGet();
            }
        });
        assertThat(statuses).containsKeys(101, 200, 400, 404).doesNotContainKey(500);
    }

    private static int exchange(String bytes) throws IOException {
        try (RawHttp client = RawHttp.open(server).timeout(50)) {
            client.write(bytes);
            StringBuilder status = new StringBuilder();
            while (status.length() < 12) {
                int c = client.readByte();
                if (c < 0) {
                    return 0;
                }
                status.append((char) c);
            }
            if (!status.toString().matches("HTTP/1\\.[01] [1-5][0-9][0-9]")) {
                // A request line that could be one of HTTP/0.9, whose answers have no head.
                return 9;
            }
            int code = Integer.parseInt(status.substring(9));
            assertThat(code).as(bytes).isNotEqualTo(500);
            return code;
        } catch (SocketTimeoutException waitsForMore) {
            return 1;
        } catch (IOException reset) {
            return 0;
        }
    }
}
