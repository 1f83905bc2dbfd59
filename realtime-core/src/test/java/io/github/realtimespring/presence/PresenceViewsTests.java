package io.github.realtimespring.presence;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.testing.PresenceTexts;
import io.github.realtimespring.testing.TestEngine;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a node reads of the store for those who watch. */
class PresenceViewsTests {

    private static final int ROOMS = 5_000;
    private static final int READS = 16;

    private final Queue<CompletableFuture<RoomPresence>> asked = new ArrayDeque<>();
    private boolean down;
    private int reads;
    private final TestEngine engine = TestEngine.start();
    private final PresenceViews views = new PresenceViews(
            (PresenceStore) Proxy.newProxyInstance(
                    getClass().getClassLoader(),
                    new Class<?>[] {PresenceStore.class},
                    (self, method, arguments) -> read()),
            new PresenceTexts(),
            this.engine.local,
            key -> 0,
            room -> true,
            key -> CompletableFuture.completedFuture(null),
            1000,
            PresenceObserver.none(),
            Ticker.SYSTEM);

    private CompletableFuture<RoomPresence> read() {
        this.reads++;
        if (this.down) {
            return CompletableFuture.failedFuture(new IllegalStateException("down"));
        }
        CompletableFuture<RoomPresence> answer = new CompletableFuture<>();
        this.asked.add(answer);
        return answer;
    }

    private void answer() {
        this.asked.remove().complete(RoomPresence.EMPTY);
    }

    private static List<RoutingKey> rooms() {
        return IntStream.range(0, ROOMS)
                .mapToObj(i -> RoutingKey.room("r:" + i))
                .toList();
    }

    /** All rooms are known and were lost, and the first of them are being read. */
    private List<RoutingKey> readAgain() {
        List<RoutingKey> rooms = rooms();
        rooms.forEach(room -> {
            this.views.open(room);
            answer();
        });
        rooms.forEach(this.views::lost);
        this.views.tick(System.nanoTime());
        return rooms;
    }

    @AfterEach
    void stop() {
        this.engine.close();
    }

    @Test
    void afterAReconnectAFewRoomsAreReadAtOnceUntilAllAre() {
        List<RoutingKey> rooms = rooms();
        rooms.forEach(room -> {
            this.views.open(room);
            answer();
        });
        assertThat(this.reads).isEqualTo(ROOMS);

        rooms.forEach(this.views::lost);
        assertThat(this.asked).as("nothing is read by who says what was lost").isEmpty();
        assertThat(this.views.unread()).isEqualTo(ROOMS);
        this.views.tick(System.nanoTime());
        for (int left = ROOMS; left > 0; left--) {
            assertThat(this.asked).hasSize(Math.min(READS, left));
            answer();
        }
        assertThat(this.asked).isEmpty();
        assertThat(this.views.unread()).isZero();
        assertThat(this.reads).isEqualTo(2 * ROOMS);
    }

    @Test
    void whoAsksComesBeforeRoomsThatAreReadAgain() {
        readAgain();

        CompletableFuture<RoomPresence> opened =
                this.views.open(RoutingKey.room("new")).toCompletableFuture();
        for (int i = 0; i <= READS; i++) {
            answer();
        }
        assertThat(opened).isCompleted();
    }

    @Test
    void whoAsksForARoomThatWaitsToBeReadBringsItToTheFront() {
        List<RoutingKey> rooms = readAgain();

        CompletableFuture<RoomPresence> opened =
                this.views.open(rooms.get(ROOMS - 1)).toCompletableFuture();
        for (int i = 0; i <= READS; i++) {
            answer();
        }
        assertThat(opened).isCompleted();
        while (!this.asked.isEmpty()) {
            answer();
        }
        assertThat(this.reads).as("each is read once").isEqualTo(2 * ROOMS);
        assertThat(this.views.unread()).isZero();
    }

    /** Each read that fails at once would begin the next one inside of itself. */
    @Test
    void aStoreThatRefusesAtOnceIsAskedForEveryRoomAndNoStackEnds() {
        List<CompletableFuture<?>> opened = new ArrayList<>();
        rooms().forEach(room -> opened.add(this.views
                .open(room)
                .handle((presence, failure) -> failure != null)
                .toCompletableFuture()));
        this.down = true;
        while (!this.asked.isEmpty()) {
            answer();
        }
        assertThat(this.reads).isEqualTo(ROOMS);
        assertThat(opened).allSatisfy(one -> assertThat(one).isCompleted());
        assertThat(this.views.unread()).isZero();
    }
}
