package io.github.realtimespring.shard;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * Spreads buckets over nodes by rendezvous hashing with a bound: a bucket goes to the node with which it has the highest
 * score among those that take it, and a node takes at most a tenth more than its share, those with the highest scores. Every
 * node computes the same from the same nodes, and a node that comes or goes moves little more than its share.
 *
 * <p>Without the bound, a node of a hundred would have 8 of 256 buckets where the mean is 2.6. With no room above the share,
 * each change would push on through many nodes.
 */
final class Rendezvous {

    private static final double SLACK = 1.1;

    private Rendezvous() {}

    private record Held(int bucket, long score) {}

    /**
     * Who is to own each bucket.
     *
     * @param nodes at least one, in order, none twice
     * @return indices of {@code nodes} by bucket
     */
    static int[] assign(List<String> nodes, int buckets) {
        int count = nodes.size();
        long[] hashes =
                nodes.stream().mapToLong(node -> KeyHash.mix(KeyHash.of(node))).toArray();
        int bound = (int) Math.ceil(buckets * SLACK / count);
        int[] owners = new int[buckets];
        if (count == 1) {
            return owners;
        }
        // Each bucket asks nodes in the order of its scores; a full one lets go of its lowest, which asks on. The
        // outcome
        // does not depend on who asks first.
        List<PriorityQueue<Held>> held = nodes.stream()
                .map(node -> new PriorityQueue<Held>((a, b) -> Long.compare(a.score, b.score)))
                .toList();
        long[] refusedAt = new long[buckets];
        Arrays.fill(refusedAt, Long.MAX_VALUE);
        Deque<Integer> asking = new ArrayDeque<>(buckets);
        for (int bucket = 0; bucket < buckets; bucket++) {
            asking.add(bucket);
        }
        while (!asking.isEmpty()) {
            int bucket = asking.remove();
            int node = best(hashes, bucket, refusedAt[bucket]);
            Held mine = new Held(bucket, score(hashes[node], bucket));
            refusedAt[bucket] = mine.score;
            PriorityQueue<Held> of = held.get(node);
            of.add(mine);
            owners[bucket] = node;
            if (of.size() > bound) {
                asking.add(of.remove().bucket);
            }
        }
        return owners;
    }

    /** The node with the highest score below another one. There is room for every bucket, so there is one. */
    private static int best(long[] hashes, int bucket, long below) {
        int best = -1;
        long highest = Long.MIN_VALUE;
        for (int node = 0; node < hashes.length; node++) {
            long score = score(hashes[node], bucket);
            if (score < below && (best < 0 || score > highest)) {
                best = node;
                highest = score;
            }
        }
        return best;
    }

    private static long score(long hash, int bucket) {
        return KeyHash.mix(hash + bucket * 0x9e3779b97f4a7c15L);
    }
}
