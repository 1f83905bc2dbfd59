package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** The whole way of a frame with real threads: joins against publishes, evictions and closes. */
class SessionStressTests {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int TRIALS = 10_000;
    private static final long SEED = 91_269;

    @Test
    void noEventPublishedAfterJoinedIsMissedAndNoneComesBeforeIt() throws Exception {
        ExecutorService handlers = Executors.newFixedThreadPool(2);
        ExecutorService publisher = Executors.newSingleThreadScheduledExecutor();
        Random random = new Random(SEED);
        try (ProtocolFixture fixture = new ProtocolFixture(settings -> settings, null, null, handlers)) {
            for (int trial = 0; trial < TRIALS; trial++) {
                String description = "trial " + trial + ", seed " + SEED;
                boolean asynchronous = random.nextInt(4) == 0;
                fixture.controller.joined = id -> asynchronous
                        ? CompletableFuture.supplyAsync(() -> "state", handlers)
                        : CompletableFuture.completedFuture("state");
                RoutingKey key = RoutingKey.room("project:" + trial);
                DeliveryClass delivery = random.nextBoolean() ? DeliveryClass.STANDARD : DeliveryClass.RECOVERABLE;
                int events = 1 + random.nextInt(6);
                int spins = random.nextInt(2_000);
                Client client = fixture.anonymous();
                int[] firstAfterJoined = {events};
                CyclicBarrier start = new CyclicBarrier(2);
                Future<?> publishing = publisher.submit(() -> {
                    start.await();
                    CompletableFuture<?> last = CompletableFuture.completedFuture(null);
                    for (int i = 0; i < events; i++) {
                        for (int spin = 0; spin < spins; spin++) {
                            Thread.onSpinWait();
                        }
                        if (firstAfterJoined[0] == events
                                && client.transport.received().size() > 1) {
                            firstAfterJoined[0] = i;
                        }
                        last = fixture.fanout
                                .publish(Event.of(key, "e" + i, Payload.NULL, delivery))
                                .receipt()
                                .toCompletableFuture();
                    }
                    last.get(60, TimeUnit.SECONDS);
                    return null;
                });
                start.await();
                client.session.receive("{\"type\":\"join\",\"id\":1,\"room\":\"project:" + trial + "\"}");
                publishing.get(60, TimeUnit.SECONDS);
                awaitEverythingSent(fixture, client, description);

                List<String> received = client.frames().stream()
                        .map(frame -> frame.has("event")
                                ? frame.get("event").stringValue()
                                : frame.get("type").stringValue())
                        .toList();
                assertThat(received).as(description).startsWith("welcome", "joined");
                List<String> got = received.subList(2, received.size());
                assertThat(got)
                        .as("a suffix of what was published, %s", description)
                        .isEqualTo(names(events - got.size(), events));
                assertThat(got.size())
                        .as("everything after joined, %s", description)
                        .isGreaterThanOrEqualTo(events - firstAfterJoined[0]);
                client.session.closed(CloseReason.ABNORMAL);
            }
            await().atMost(PATIENCE).until(() -> {
                fixture.sessions.visit();
                return fixture.sessions.size() == 0;
            });
            fixture.assertConsistent();
            assertThat(fixture.registry.keyCount()).isZero();
        } finally {
            handlers.shutdownNow();
            publisher.shutdownNow();
        }
    }

    @Test
    void whateverClosesAndEvictionsCollideWithEveryRoomThatWasEnteredIsLeftOnce() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(3);
        Random seeds = new Random(SEED);
        try (ProtocolFixture fixture = new ProtocolFixture(
                settings -> ProtocolFixture.limits(settings, 100_000, 100_000, 10_000, 100, 1000),
                null,
                null,
                threads)) {
            for (int trial = 0; trial < 300; trial++) {
                long seed = seeds.nextLong();
                Random random = new Random(seed);
                String description = "trial " + trial + ", seed " + seed;
                fixture.controller.calls.clear();
                fixture.controller.joined = id -> random.nextInt(3) == 0
                        ? CompletableFuture.supplyAsync(() -> "state", threads)
                        : CompletableFuture.completedFuture("state");
                Client client = fixture.user("alice");
                RoutingKey[] rooms = {RoutingKey.room("project:1"), RoutingKey.room("project:2")};
                CyclicBarrier start = new CyclicBarrier(2);
                Future<?> evicting = threads.submit(() -> {
                    start.await();
                    Random own = new Random(seed + 1);
                    for (int i = 0; i < 30; i++) {
                        fixture.rooms.evict(rooms[own.nextInt(2)], "alice");
                        for (int spin = own.nextInt(500); spin > 0; spin--) {
                            Thread.onSpinWait();
                        }
                    }
                    if (own.nextBoolean()) {
                        client.session.closed(CloseReason.ABNORMAL);
                    }
                    return null;
                });
                start.await();
                Random own = new Random(seed + 2);
                for (int id = 1; id <= 40; id++) {
                    String type = own.nextInt(4) == 0 ? "leave" : "join";
                    client.session.receive("{\"type\":\"" + type + "\",\"id\":" + id + ",\"room\":\"project:"
                            + (1 + own.nextInt(2)) + "\"}");
                }
                evicting.get(60, TimeUnit.SECONDS);
                await().atMost(PATIENCE).until(() -> client.session.mailbox().isIdle());
                if (client.session.isOpen()) {
                    assertAnsweredOnce(client, 40, description);
                    assertClientKnowsWhereItIs(client, fixture, rooms, description);
                    client.session.closed(CloseReason.ABNORMAL);
                }
                await().atMost(PATIENCE).until(() -> {
                    fixture.sessions.visit();
                    return fixture.sessions.size() == 0;
                });
                assertEveryEntryIsLeft(fixture.controller.calls, description);
                assertThat(client.session.rooms().size()).as(description).isZero();
                assertThat(fixture.registry.keyCount()).as(description).isZero();
                fixture.assertConsistent();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private static void assertAnsweredOnce(Client client, int ids, String description) {
        for (int id = 1; id <= ids; id++) {
            assertThat(client.answers(id))
                    .as("answers to %s, %s", id, description)
                    .hasSize(1);
        }
    }

    /** What the last of {@code joined} and {@code left} says is where the connection is. */
    private static void assertClientKnowsWhereItIs(
            Client client, ProtocolFixture fixture, RoutingKey[] rooms, String description) {
        Map<String, Boolean> believed = new HashMap<>();
        for (JsonNode frame : client.frames()) {
            String type = frame.get("type").stringValue();
            if (type.equals("joined") || type.equals("left")) {
                believed.put(frame.get("room").stringValue(), type.equals("joined"));
            }
        }
        for (RoutingKey room : rooms) {
            assertThat(believed.getOrDefault(room.id(), false))
                    .as("%s in %s, %s", room, client.transport.received(), description)
                    .isEqualTo(client.isMember(room));
            assertThat(client.session.rooms().find(room) != null)
                    .as("%s, %s", room, description)
                    .isEqualTo(client.isMember(room));
        }
        assertThat(fixture.registry.inconsistencies()).isEmpty();
    }

    /** Joins may repeat {@code @RoomJoined}, but nothing is left that was not entered, and nothing entered stays. */
    private static void assertEveryEntryIsLeft(List<String> calls, String description) {
        Map<String, Boolean> inside = new HashMap<>();
        for (String call : calls) {
            String room = call.split(" ")[1];
            boolean entered = call.startsWith("joined");
            if (!entered) {
                assertThat(inside.getOrDefault(room, false))
                        .as("%s in %s, %s", call, calls, description)
                        .isTrue();
            }
            inside.put(room, entered);
        }
        assertThat(inside.values()).as("%s, %s", calls, description).doesNotContain(true);
    }

    /** The join is answered and the queue is empty: nobody else sends any more. */
    private static void awaitEverythingSent(ProtocolFixture fixture, Client client, String description) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (client.transport.received().stream().noneMatch(text -> text.contains("\"joined\""))
                // What came while the room was joined is read from the history.
                || !client.session.isIdle()
                || fixture.replayer.pending() > 0
                || client.session.connection().queue().size() > 0
                || client.session.connection().queue().bytes() > 0) {
            assertThat(System.nanoTime()).as(description).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static List<String> names(int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> "e" + i).toList();
    }
}
