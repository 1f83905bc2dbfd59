package io.github.realtimespring.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.testing.TestTicker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MemoryStreamsTests {

    private static final RoutingKey ROOM = RoutingKey.room("a");
    private static final RoutingKey OTHER = RoutingKey.room("b");
    private static final Duration TTL = Duration.ofMinutes(5);
    private static final int EVENT = 2 * 10 + MemoryStreams.OVERHEAD;

    private final TestTicker ticker = new TestTicker();
    private MemoryStreams streams = new MemoryStreams(HistoryLimits.DEFAULTS, this.ticker);

    @AfterEach
    void theInvariantsHold() {
        assertThat(this.streams.inconsistencies()).isEmpty();
    }

    @Test
    void whatCameAfterACursorIsReadInOrder() {
        Cursor start = head(ROOM);
        append(ROOM, 5);

        Replay replay = since(ROOM, after(start, 2), 10);

        assertThat(replay.complete()).isTrue();
        assertThat(texts(replay)).containsExactly("a3", "a4", "a5");
        assertThat(replay.head()).isEqualTo(after(start, 5)).isEqualTo(head(ROOM));
    }

    @Test
    void aLongReplayIsReadInPages() {
        Cursor start = head(ROOM);
        append(ROOM, 5);

        Replay first = since(ROOM, start, 2);

        assertThat(texts(first)).containsExactly("a1", "a2");
        assertThat(first.missed()).isEqualTo(5);
        assertThat(first.complete()).isFalse();
        assertThat(texts(since(ROOM, first.events().get(1).cursor(), 10))).containsExactly("a3", "a4", "a5");
    }

    @Test
    void whoMissedNothingIsToldSo() {
        append(ROOM, 3);

        Replay replay = since(ROOM, head(ROOM), 0);

        assertThat(replay.available()).isTrue();
        assertThat(replay.complete()).isTrue();
        assertThat(replay.missed()).isZero();
    }

    @Test
    void cursorsOfOtherRoomsAndTenantsOfTheFutureAndOfNowhereMatchNothing() {
        append(ROOM, 3);
        append(OTHER, 3);
        RoutingKey foreign = new RoutingKey(RoutingKey.Kind.ROOM, "acme", "a");

        for (Cursor cursor : List.of(
                head(OTHER),
                head(foreign),
                after(head(ROOM), 1),
                new Cursor(head(ROOM).epoch(), Long.MAX_VALUE),
                new Cursor("nowhere", 0))) {
            Replay replay = since(ROOM, cursor, 10);
            assertThat(replay.available()).as("%s", cursor).isFalse();
            assertThat(replay.events()).isEmpty();
            assertThat(replay.head()).isEqualTo(head(ROOM));
        }
    }

    @Test
    void anEventThatNoStreamHasIsToldToWhoHasNothingBehindIt() {
        append(ROOM, 2);
        Cursor before = head(ROOM);
        this.streams.unrecorded(ROOM).run();
        append(ROOM, 1);

        assertThat(since(ROOM, before, 10).unrecorded()).isTrue();
        assertThat(since(ROOM, before, 10).complete()).isTrue();
        assertThat(since(ROOM, after(before, 1), 10).unrecorded()).isFalse();
        assertThat(since(OTHER, head(OTHER), 10).unrecorded()).isFalse();
    }

    /** Who is away while members get it may have all of the stream and not the event. */
    @Test
    void anEventThatNoStreamHasIsToldToEverybodyWhileItIsDelivered() {
        Cursor start = head(ROOM);
        Runnable first = this.streams.unrecorded(ROOM);
        Runnable second = this.streams.unrecorded(ROOM);
        append(ROOM, 1);
        first.run();
        append(ROOM, 1);

        assertThat(since(ROOM, after(start, 2), 10).unrecorded()).isTrue();
        second.run();
        assertThat(since(ROOM, after(start, 2), 10).unrecorded()).isTrue();
        append(ROOM, 1);
        assertThat(since(ROOM, after(start, 3), 10).unrecorded()).isFalse();
    }

    @Test
    void anEventThatIsDeliveredWhileAnotherIsTakenIsNotTakenForAnEarlierOne() {
        Cursor start = head(ROOM);
        Runnable delivered = this.streams.unrecorded(ROOM);
        this.streams.append(event(ROOM, "a1"), taken -> delivered.run());

        assertThat(since(ROOM, after(start, 1), 10).unrecorded()).isTrue();
    }

    @Test
    void eventsOfARoomThatNobodyHasACursorOfLeaveNothing() {
        Runnable delivered = this.streams.unrecorded(ROOM);
        delivered.run();

        assertThat(this.streams.totals().rooms()).isZero();
        assertThat(since(ROOM, head(ROOM), 10).unrecorded()).isFalse();
    }

    @Test
    void aRoomIsNotForgottenWhileAnEventThatNoStreamHasIsDelivered() {
        limit(new HistoryLimits(3, 1 << 20, 1, 1 << 20, TTL));
        Runnable delivered = this.streams.unrecorded(ROOM);
        Cursor start = head(ROOM);
        append(OTHER, 1);
        delivered.run();

        assertThat(since(ROOM, start, 10).available()).isTrue();
        assertThat(since(ROOM, start, 10).unrecorded()).isTrue();
    }

    @Test
    void aRoomKeepsItsNewestEvents() {
        limit(new HistoryLimits(3, 1 << 20, 10, 1 << 20, TTL));
        Cursor start = head(ROOM);
        append(ROOM, 5);

        assertThat(since(ROOM, after(start, 1), 10).available()).isFalse();
        assertThat(texts(since(ROOM, after(start, 2), 10))).containsExactly("a3", "a4", "a5");
        assertThat(this.streams.size(ROOM)).isCompletedWithValue(3L);
    }

    @Test
    void aRoomIsBoundedByBytes() {
        limit(new HistoryLimits(100, 2 * EVENT, 10, 1 << 20, TTL));
        Cursor start = head(ROOM);
        append(ROOM, 3);

        assertThat(since(ROOM, start, 10).available()).isFalse();
        assertThat(texts(since(ROOM, after(start, 1), 10))).containsExactly("a2", "a3");
    }

    @Test
    void anEventThatIsLargerThanARoomMayBeIsNotKeptAndNotClaimed() {
        limit(new HistoryLimits(100, 2 * EVENT, 10, 1 << 20, TTL));
        append(ROOM, 1);
        Cursor before = head(ROOM);
        this.streams.append(event(ROOM, "x".repeat(10_000)), placed -> {});

        assertThat(since(ROOM, before, 10).available()).isFalse();
        assertThat(since(ROOM, head(ROOM), 10).complete()).isTrue();
        assertThat(this.streams.totals().events()).isZero();
    }

    @Test
    void theOldestEventsOfAllRoomsMakePlaceForNewOnes() {
        limit(new HistoryLimits(100, 1 << 20, 10, 4 * EVENT, TTL));
        Cursor start = head(ROOM);
        Cursor other = head(OTHER);
        append(ROOM, 2);
        append(OTHER, 3);

        assertThat(since(ROOM, start, 10).available()).isFalse();
        assertThat(texts(since(ROOM, after(start, 1), 10))).containsExactly("a2");
        assertThat(texts(since(OTHER, other, 10))).containsExactly("b1", "b2", "b3");
        assertThat(this.streams.totals()).isEqualTo(new MemoryStreams.Totals(2, 4, 4 * EVENT));
    }

    @Test
    void eventsAreForgottenWhenTheirTimeIsOver() {
        Cursor start = head(ROOM);
        append(ROOM, 1);
        this.ticker.advance(TTL.minusSeconds(1));
        append(ROOM, 1);
        this.ticker.advance(Duration.ofSeconds(2));

        assertThat(since(ROOM, start, 10).available()).isFalse();
        assertThat(since(ROOM, after(start, 1), 10).complete()).isTrue();
        assertThat(this.streams.totals().events()).isEqualTo(1);
    }

    @Test
    void aQuietRoomKeepsItsPositionWhenItsEventsAreGone() {
        append(ROOM, 3);
        Cursor head = head(ROOM);
        this.ticker.advance(TTL.multipliedBy(10));

        assertThat(since(ROOM, head, 10).complete()).isTrue();
        assertThat(since(ROOM, new Cursor(head.epoch(), 2), 10).available()).isFalse();
        append(ROOM, 1);
        assertThat(head(ROOM)).isEqualTo(after(head, 1));
    }

    @Test
    void theRoomUsedLeastRecentlyIsForgottenAndBeginsAnew() {
        limit(new HistoryLimits(100, 1 << 20, 2, 1 << 20, TTL));
        append(ROOM, 3);
        Cursor head = head(ROOM);
        append(OTHER, 1);
        append(RoutingKey.room("c"), 1);

        assertThat(this.streams.totals()).isEqualTo(new MemoryStreams.Totals(2, 2, 2 * EVENT));
        append(ROOM, 3);
        assertThat(head(ROOM).epoch()).isNotEqualTo(head.epoch());
        assertThat(since(ROOM, head, 10).available()).isFalse();
        assertThat(since(ROOM, new Cursor(head.epoch(), 0), 10).available()).isFalse();
    }

    @Test
    void aRoomThatIsTakingAnEventIsNotForgotten() throws Exception {
        limit(new HistoryLimits(100, 1 << 20, 1, 1 << 20, TTL));
        String epoch = head(ROOM).epoch();
        ExecutorService thread = Executors.newSingleThreadExecutor();
        CountDownLatch taking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try {
            Future<Cursor> appended = thread.submit(() -> this.streams.append(event(ROOM, "a1"), placed -> {
                taking.countDown();
                await(goOn);
            }));
            await(taking);
            append(OTHER, 1);
            goOn.countDown();

            assertThat(appended.get(10, TimeUnit.SECONDS)).isEqualTo(new Cursor(epoch, 1));
            assertThat(texts(since(ROOM, new Cursor(epoch, 0), 10))).containsExactly("a1");
        } finally {
            thread.shutdownNow();
        }
    }

    @Test
    void anEventThatWasNotTakenIsNotInTheStream() {
        Cursor start = head(ROOM);
        assertThatIllegalStateException()
                .isThrownBy(() -> this.streams.append(event(ROOM, "refused"), placed -> {
                    throw new IllegalStateException("refused");
                }));

        append(ROOM, 1);

        assertThat(texts(since(ROOM, start, 10))).containsExactly("a1");
        assertThat(head(ROOM)).isEqualTo(after(start, 1));
    }

    @Test
    void whoReadsWhileAnEventIsTakenSeesItWhole() throws Exception {
        Cursor start = head(ROOM);
        ExecutorService threads = Executors.newFixedThreadPool(2);
        CountDownLatch taking = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        try {
            threads.submit(() -> this.streams.append(event(ROOM, "a1"), placed -> {
                taking.countDown();
                await(goOn);
            }));
            await(taking);
            Future<Replay> reading = threads.submit(() -> since(ROOM, start, 10));
            goOn.countDown();

            assertThat(texts(reading.get(10, TimeUnit.SECONDS))).containsExactly("a1");
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void anEventIsEncodedOnceForAllReplays() {
        Cursor start = head(ROOM);
        append(ROOM, 1);
        int[] encodings = {0};
        java.util.function.Function<Event, Integer> encoding = event -> ++encodings[0];

        since(ROOM, start, 1).events().get(0).as(encoding);
        since(ROOM, start, 1).events().get(0).as(encoding);

        assertThat(encodings[0]).isEqualTo(1);
    }

    @Test
    void whateverHappensItRemembersTheNewestAndSaysWhatItForgot() {
        long seed = 20_261;
        Random random = new Random(seed);
        limit(new HistoryLimits(20, 12 * EVENT, 6, 40 * EVENT, TTL));
        Map<RoutingKey, Deque<String>> all = new HashMap<>();
        Map<RoutingKey, Cursor> starts = new HashMap<>();
        for (int step = 0; step < 20_000; step++) {
            RoutingKey key = RoutingKey.room("r" + random.nextInt(8));
            int what = random.nextInt(10);
            if (what < 6) {
                Cursor head = head(key);
                if (!starts.containsKey(key) || !starts.get(key).epoch().equals(head.epoch())) {
                    assertThat(head.offset())
                            .as("a stream begins, seed %s", seed)
                            .isZero();
                    starts.put(key, head);
                    all.put(key, new ArrayDeque<>());
                }
                String text = "%010d".formatted(step);
                this.streams.append(event(key, text), placed -> {});
                all.get(key).add(text);
            } else if (what < 9 && starts.containsKey(key)) {
                List<String> events = new ArrayList<>(all.get(key));
                int from = random.nextInt(events.size() + 1);
                Replay replay = since(key, after(starts.get(key), from), 100);
                if (replay.available()) {
                    assertThat(texts(replay))
                            .as("seed %s, step %s", seed, step)
                            .isEqualTo(events.subList(from, events.size()));
                }
            } else {
                this.ticker.advance(Duration.ofSeconds(random.nextInt(60)));
            }
            MemoryStreams.Totals totals = this.streams.totals();
            assertThat(totals.rooms()).isLessThanOrEqualTo(6);
            assertThat(totals.bytes()).isLessThanOrEqualTo(40 * EVENT);
            if (step % 1000 == 0) {
                theInvariantsHold();
            }
        }
    }

    private void limit(HistoryLimits limits) {
        this.streams = new MemoryStreams(limits, this.ticker);
    }

    private Cursor head(RoutingKey key) {
        return this.streams.head(key).toCompletableFuture().join();
    }

    private Replay since(RoutingKey key, Cursor cursor, int limit) {
        return this.streams.since(key, cursor, limit).toCompletableFuture().join();
    }

    private void append(RoutingKey key, int count) {
        long before = head(key).offset();
        IntStream.rangeClosed(1, count)
                .forEach(i -> this.streams.append(event(key, key.id() + (before + i)), placed -> {}));
    }

    private static Event event(RoutingKey key, String text) {
        String json = text.length() < 10 ? text + " ".repeat(10 - text.length()) : text;
        return Event.of(key, "test.event", Payload.ofJson(json), DeliveryClass.RECOVERABLE);
    }

    private static Cursor after(Cursor start, long events) {
        return new Cursor(start.epoch(), start.offset() + events);
    }

    private static List<String> texts(Replay replay) {
        return replay.events().stream()
                .map(recorded -> new String(recorded.event().payload().bytes(), StandardCharsets.UTF_8).strip())
                .toList();
    }

    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
