package io.github.realtimespring.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** How evenly rooms are spread over nodes, and how many move when a node comes or goes. */
class RendezvousTests {

    private static final long SEED = 20;
    private static final int ROOMS = 1_000_000;

    private static List<String> nodes(Random random, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> "%016x".formatted(random.nextLong()))
                .sorted()
                .toList();
    }

    private static List<String> with(List<String> nodes, String more) {
        List<String> all = new ArrayList<>(nodes);
        all.add(more);
        Collections.sort(all);
        return all;
    }

    private static List<String> without(List<String> nodes, int index) {
        List<String> rest = new ArrayList<>(nodes);
        rest.remove(index);
        return rest;
    }

    private static String owner(List<String> nodes, int[] owners, int bucket) {
        return nodes.get(owners[bucket]);
    }

    /** The share of rooms that have another owner. */
    private static double moved(List<String> before, List<String> after, int[] rooms) {
        int buckets = rooms.length;
        int[] from = Rendezvous.assign(before, buckets);
        int[] to = Rendezvous.assign(after, buckets);
        long moved = IntStream.range(0, buckets)
                .filter(bucket -> !owner(before, from, bucket).equals(owner(after, to, bucket)))
                .mapToLong(bucket -> rooms[bucket])
                .sum();
        return (double) moved / ROOMS;
    }

    /**
     * 100 nodes and 1,000,000 rooms (SPEC §12). With 256 buckets no node has more than three of them, 1.17 times the mean;
     * with 4,096 none has more than a tenth above it, and rooms are not quite even over buckets.
     */
    @ParameterizedTest
    @CsvSource({"256, 1.2", "4096, 1.16"})
    void aMillionRoomsAreEvenOnAHundredNodesAndLittleMovesWithOne(int buckets, double most) {
        Random random = new Random(SEED);
        List<String> nodes = nodes(random, 100);
        int[] rooms = new int[buckets];
        for (int i = 0; i < ROOMS; i++) {
            rooms[KeyHash.bucket(RoutingKey.room("project:" + i), buckets)]++;
        }
        int[] owners = Rendezvous.assign(nodes, buckets);
        long[] load = new long[nodes.size()];
        for (int bucket = 0; bucket < buckets; bucket++) {
            load[owners[bucket]] += rooms[bucket];
        }
        double mean = (double) ROOMS / nodes.size();
        assertThat(Arrays.stream(load).max().orElse(0) / mean)
                .as("seed %d, rooms of the busiest node by the mean", SEED)
                .isLessThan(most);

        double joined = 0;
        double left = 0;
        int trials = buckets > 1000 ? 3 : 20;
        for (int trial = 0; trial < trials; trial++) {
            joined += moved(nodes, with(nodes, "%016x".formatted(random.nextLong())), rooms) / trials;
            left += moved(nodes, without(nodes, random.nextInt(nodes.size())), rooms) / trials;
        }
        assertThat(joined)
                .as("seed %d, share of rooms that move when a node comes", SEED)
                .isLessThan(1.0 / 101 + 0.01);
        assertThat(left)
                .as("seed %d, share of rooms that move when a node goes", SEED)
                .isLessThan(1.0 / 100 + 0.01);
    }

    @ParameterizedTest
    @CsvSource({"2", "3", "5", "10", "30", "255", "256", "1000"})
    void noNodeHasMuchMoreThanItsShare(int count) {
        List<String> nodes = nodes(new Random(SEED), count);
        int[] load = new int[count];
        for (int owner : Rendezvous.assign(nodes, 256)) {
            load[owner]++;
        }
        int most = (int) Math.ceil(256 * 1.1 / count);
        assertThat(Arrays.stream(load).max().orElse(0)).isLessThanOrEqualTo(most);
    }

    /** Whatever was there before: who computes it has only the nodes. */
    @Test
    void ofTheSameNodesEveryNodeComputesTheSame() {
        List<String> nodes = nodes(new Random(SEED), 7);
        assertThat(Rendezvous.assign(nodes, 256)).isEqualTo(Rendezvous.assign(List.copyOf(nodes), 256));
        assertThat(Rendezvous.assign(List.of("alone"), 256)).containsOnly(0);
    }
}
