package io.github.realtimespring.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Storms on the registry: few keys and few connections, so that everybody meets everybody. */
class RoomRegistryStressTests {

    private static final int THREADS = 4;
    private static final int STEPS = 60_000;

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void aStormOfJoinsLeavesAndClosesLeavesNoInconsistencyAtAnyMoment(long seed) throws Exception {
        RoomRegistry rooms = new RoomRegistry();
        AtomicBoolean over = new AtomicBoolean();
        AtomicInteger firsts = new AtomicInteger();
        AtomicInteger lasts = new AtomicInteger();
        CountDownLatch start = new CountDownLatch(1);
        ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1);
        try {
            List<Future<?>> storm = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                Random random = new Random(seed * 100 + t);
                storm.add(threads.submit(() -> {
                    start.await();
                    for (int step = 0; step < STEPS; step++) {
                        act(rooms, random).forEach(change -> count(change, firsts, lasts));
                    }
                    return null;
                }));
            }
            Future<List<String>> checks = threads.submit(() -> {
                List<String> found = new ArrayList<>();
                while (!over.get() && found.isEmpty()) {
                    found.addAll(rooms.inconsistencies());
                }
                return found;
            });
            start.countDown();
            for (Future<?> future : storm) {
                future.get(60, TimeUnit.SECONDS);
            }
            over.set(true);
            assertThat(checks.get(60, TimeUnit.SECONDS)).as("seed %s", seed).isEmpty();
            assertThat(rooms.inconsistencies()).as("seed %s", seed).isEmpty();
            assertThat(rooms.membershipCount()).as("seed %s", seed).isEqualTo(rooms.reverseMembershipCount());
            for (int i = 0; i < 8; i++) {
                rooms.remove(id(i)).values().forEach(change -> count(change, firsts, lasts));
            }
            assertThat(rooms.keyCount()).as("seed %s", seed).isZero();
            assertThat(rooms.membershipCount()).as("seed %s", seed).isZero();
            assertThat(firsts)
                    .as("every first member has its last, seed %s", seed)
                    .hasValue(lasts.get());
        } finally {
            over.set(true);
            threads.shutdownNow();
        }
    }

    private static Collection<MembershipChange> act(RoomRegistry rooms, Random random) {
        ConnectionId id = id(random.nextInt(8));
        RoutingKey key = RoutingKey.room("r" + random.nextInt(3));
        int choice = random.nextInt(20);
        if (choice < 2) {
            rooms.register(id);
            return List.of();
        }
        if (choice == 2) {
            return rooms.remove(id).values();
        }
        return List.of(choice < 12 ? rooms.join(key, id) : rooms.leave(key, id));
    }

    private static void count(MembershipChange change, AtomicInteger firsts, AtomicInteger lasts) {
        if (change == MembershipChange.JOINED_FIRST) {
            firsts.incrementAndGet();
        } else if (change == MembershipChange.LEFT_LAST) {
            lasts.incrementAndGet();
        }
    }

    private static ConnectionId id(int i) {
        return new ConnectionId("c" + i);
    }
}
