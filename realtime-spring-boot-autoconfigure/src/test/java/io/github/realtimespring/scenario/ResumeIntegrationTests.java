package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.history.History;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What clients on real sockets get of what they missed. */
@ServerTest
class ResumeIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final int WINDOW = 20;
    private static final Pattern CURSOR = Pattern.compile("\"cursor\":\"([^\"]+)\"");

    @Test
    void aClientThatWasCutGetsWhatItMissedOnItsNextConnection() {
        try (RealtimeServer server = server()) {
            TestClient first = server.client();
            first.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            first.expect("\"joined\"");
            publish(server, 1, 3);
            String since = cursor(first.expect("{\"n\":2,"));
            first.close();
            await().until(() -> server.connections().size() == 0);
            publish(server, 4, 6);

            TestClient second = server.client();
            second.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\",\"since\":\"" + since + "\"}");
            String joined = second.expect("\"joined\"");
            publish(server, 7, 7);
            second.expect("{\"n\":7,");

            assertThat(joined).contains("\"recovered\":true", "\"replay\":4");
            assertThat(numbers(second)).containsExactly(3, 4, 5, 6, 7);
            second.close();
        }
    }

    @Test
    void aReplayOfThousandsOfEventsReachesAClientWithASmallQueueWhole() {
        try (RealtimeServer server = server(
                "realtime.history.size=5000",
                "realtime.history.max-room-bytes=16MB",
                "realtime.history.recovery-limit=5000",
                "realtime.queue.max-messages=64")) {
            TestClient first = server.client();
            first.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            String since = cursor(first.expect("\"joined\""));
            first.close();
            await().until(() -> server.connections().size() == 0);
            publish(server, 1, 5000);

            TestClient second = server.client();
            second.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\",\"since\":\"" + since + "\"}");
            assertThat(second.expect("\"joined\"")).contains("\"recovered\":true", "\"replay\":5000");
            await().atMost(Duration.ofSeconds(30)).until(() -> second.events() == 5000);

            assertThat(second.inOrder()).isEqualTo(5000);
            assertThat(second.closed()).isFalse();
            second.close();
        }
    }

    /** One room with members on every transport, each of whom may come back on another one. */
    @Test
    void withAmpleHistoryEveryCutIsRecoveredWithoutAHole() throws Exception {
        ResumeModel.Result result = model(Clients.ANY, 301, 100_000);

        assertThat(result.cuts()).isEqualTo(400);
        assertThat(result.refused()).as("%s", result).isZero();
        assertThat(result.gaps()).as("%s", result).isZero();
        assertThat(result.replayed()).as("%s", result).isPositive();
    }

    /** However slow this machine is: how much is published while a client is away is a matter of the plan. */
    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "ANY")
    void withTinyHistoryWhoIsSoonBackIsRecoveredAndEveryHoleIsDeclared(Clients clients) throws Exception {
        ResumeModel.Result result = model(clients, 302, WINDOW);

        assertThat(result.cuts()).isEqualTo(400);
        assertThat(result.refused()).as("%s", result).isPositive();
        assertThat(result.recovered()).as("%s", result).isPositive();
        assertThat(result.replayed()).as("%s", result).isPositive();
    }

    /** The transports that come back by a cursor. */
    enum Clients {
        WEBSOCKET {
            @Override
            ResumeModel.Transport of(RealtimeServer server) {
                return new WebSocketLinks(server.ws());
            }
        },
        SSE {
            @Override
            ResumeModel.Transport of(RealtimeServer server) {
                return new EventStreamLinks(server.http("/realtime/sse"));
            }
        },
        POLL {
            @Override
            ResumeModel.Transport of(RealtimeServer server) {
                return new PollLinks(server.http("/realtime/poll"));
            }
        },
        ANY {
            @Override
            ResumeModel.Transport of(RealtimeServer server) {
                List<ResumeModel.Transport> all = Stream.of(WEBSOCKET, SSE, POLL)
                        .map(one -> one.of(server))
                        .toList();
                AtomicInteger opened = new AtomicInteger();
                return (room, since, frames, closed) ->
                        all.get(opened.getAndIncrement() % all.size()).open(room, since, frames, closed);
            }
        };

        abstract ResumeModel.Transport of(RealtimeServer server);
    }

    private record Published(RealtimeServer server) implements ResumeModel.Stream {

        @Override
        public void publish(String json) throws Exception {
            publish(json, DeliveryClass.RECOVERABLE);
        }

        @Override
        public void publishNotice(String json) throws Exception {
            publish(json, DeliveryClass.STANDARD);
        }

        private void publish(String json, DeliveryClass delivery) throws Exception {
            this.server
                    .publish(ROOM, delivery, json)
                    .receipt()
                    .toCompletableFuture()
                    .get(30, TimeUnit.SECONDS);
        }

        @Override
        public long head() {
            return this.server
                    .bean(History.class)
                    .head(ROOM)
                    .toCompletableFuture()
                    .join()
                    .offset();
        }
    }

    @Test
    void eventsThatNoHistoryHasAreReceivedOrDeclared() throws Exception {
        ResumeModel.Result result = model(Clients.ANY, 303, 100_000, 10);

        assertThat(result.cuts()).isEqualTo(400);
        assertThat(result.refused()).as("%s", result).isZero();
        assertThat(result.notices()).as("%s", result).isPositive();
        assertThat(result.told()).as("%s", result).isPositive().isLessThan(result.recovered());
    }

    private static ResumeModel.Result model(Clients clients, long seed, int history) throws Exception {
        return model(clients, seed, history, 0);
    }

    private static ResumeModel.Result model(Clients clients, long seed, int history, int notices) throws Exception {
        try (RealtimeServer server = server(
                "realtime.history.size=" + history,
                "realtime.history.recovery-limit=" + history,
                "realtime.history.max-room-bytes=256MB",
                "realtime.history.max-bytes=256MB",
                // Clients that poll are members for a while after they were cut.
                "realtime.transports.long-poll.wait=500ms",
                // No client is to be lost because this machine is busy.
                "realtime.heartbeat.timeout=5m",
                "realtime.queue.max-messages=16")) {
            ResumeModel.Plan plan = new ResumeModel.Plan(seed, 20, 20, WINDOW, notices);
            return new ResumeModel(clients.of(server), new Published(server), ROOM.id(), plan).run();
        }
    }

    @Test
    void aClientThatStopsReadingIsPausedAndGetsEverythingWhenItReadsAgain() throws Exception {
        int events = 2_000;
        try (RealtimeServer server = server(
                "realtime.history.size=" + events,
                "realtime.history.max-room-bytes=128MB",
                "realtime.history.max-bytes=128MB",
                "realtime.queue.max-bytes=256KB",
                "realtime.queue.max-age=5m",
                "realtime.websocket.send-timeout=60s")) {
            AtomicLong slowOnes = new AtomicLong();
            List<String> slowFrames = new CopyOnWriteArrayList<>();
            List<String> closes = new CopyOnWriteArrayList<>();
            ResumeModel.Link slow = new WebSocketLinks(server.ws())
                    .open(
                            ROOM.id(),
                            null,
                            frame -> {
                                if (frame.contains("\"event\"")) {
                                    slowOnes.incrementAndGet();
                                }
                                slowFrames.add(frame.substring(0, Math.min(200, frame.length())));
                            },
                            closes::add);
            TestClient healthy = server.client();
            healthy.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            healthy.expect("\"joined\"");
            await().until(() -> slowFrames.stream().anyMatch(frame -> frame.contains("\"joined\"")));
            healthy.forget();

            slow.stall(true);
            String padding = "x".repeat(8 << 10);
            for (int n = 1; n <= events; n++) {
                server.publish(ROOM, DeliveryClass.RECOVERABLE, "{\"n\":" + n + ",\"x\":\"" + padding + "\"}")
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> healthy.events() == events);
            assertThat(healthy.inOrder()).isEqualTo(events);
            assertThat(slowOnes.get()).as("16 MB are on their way").isLessThan(events);
            slow.stall(false);
            await().atMost(Duration.ofSeconds(60)).until(() -> slowOnes.get() == events);

            assertThat(slowFrames.stream()
                            .filter(frame -> frame.contains("{\"n\":"))
                            .map(frame -> frame.substring(frame.indexOf("{\"n\":") + 5))
                            .map(rest -> Integer.valueOf(rest.substring(0, rest.indexOf(',')))))
                    .isEqualTo(IntStream.rangeClosed(1, events).boxed().toList());
            assertThat(slowFrames).noneMatch(frame -> frame.contains("\"gap\""));
            assertThat(closes).isEmpty();
            slow.cut();
            healthy.close();
        }
    }

    static RealtimeServer server(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Rooms.class), properties);
    }

    private static void publish(RealtimeServer server, int from, int to) {
        for (int n = from; n <= to; n++) {
            server.publish(ROOM, DeliveryClass.RECOVERABLE, "{\"n\":" + n + ",\"x\":0}")
                    .receipt()
                    .toCompletableFuture()
                    .join();
        }
    }

    private static String cursor(String frame) {
        Matcher matcher = CURSOR.matcher(frame);
        assertThat(matcher.find()).as(frame).isTrue();
        return matcher.group(1);
    }

    private static List<Integer> numbers(TestClient client) {
        return client.frames().stream()
                .filter(frame -> frame.contains("{\"n\":"))
                .map(frame -> frame.substring(frame.indexOf("{\"n\":") + 5))
                .map(rest -> Integer.valueOf(rest.substring(0, rest.indexOf(','))))
                .toList();
    }

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message(String text) {}

    @RoomController(value = "project:{projectId}", open = true)
    static class Rooms {

        @RoomEvent("message.send")
        @Broadcast("message.created")
        Message send(Message message) {
            return message;
        }
    }
}
