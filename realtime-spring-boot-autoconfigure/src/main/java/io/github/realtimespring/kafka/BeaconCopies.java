package io.github.realtimespring.kafka;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;

/**
 * A node writes a copy of each of its beacons to every partition, behind everything that it has sent there. A beacon has
 * come when its copies, or later ones, have come through all partitions that this node reads: then everything that was sent
 * before it has come, too, and each of the partitions was proven to work.
 *
 * <p>Used by the thread that reads.
 */
final class BeaconCopies {

    /** Nodes that are remembered; who has been quiet for longest goes. */
    private static final int NODES = 1000;

    /** Beacons of one node that wait for their last copies. */
    private static final int WAITING = 16;

    private final int partitions;
    private final Map<Long, Sender> senders = new LinkedHashMap<>(16, 0.75f, true);

    private static final class Sender {

        /** By partition: the last number that came. */
        private final long[] numbers;

        private final NavigableMap<Long, byte[]> waiting = new TreeMap<>();
        /** The last one that has come. */
        private long announced;

        Sender(int partitions) {
            this.numbers = new long[partitions];
        }
    }

    BeaconCopies(int partitions) {
        this.partitions = partitions;
    }

    /**
     * A copy has come.
     *
     * @param live the partitions that are read up to the moment
     * @return the beacons that have come with it, in order
     */
    List<byte[]> arrived(int partition, long node, long number, byte[] beacon, IntPredicate live) {
        Sender sender = this.senders.computeIfAbsent(node, none -> new Sender(this.partitions));
        if (this.senders.size() > NODES) {
            Long eldest = this.senders.keySet().iterator().next();
            this.senders.remove(eldest);
        }
        sender.numbers[partition] = Math.max(sender.numbers[partition], number);
        if (!live.test(partition)) {
            return List.of();
        }
        if (number > sender.announced) {
            sender.waiting.putIfAbsent(number, beacon);
            if (sender.waiting.size() > WAITING) {
                sender.waiting.pollFirstEntry();
            }
        }
        return whole(sender, live);
    }

    /** Other partitions are read up to the moment than before. */
    List<byte[]> changed(IntPredicate live) {
        List<byte[]> whole = new ArrayList<>();
        this.senders.values().forEach(sender -> whole.addAll(whole(sender, live)));
        return whole;
    }

    private List<byte[]> whole(Sender sender, IntPredicate live) {
        if (sender.waiting.isEmpty()) {
            return List.of();
        }
        long everywhere = Long.MAX_VALUE;
        for (int i = 0; i < this.partitions; i++) {
            if (live.test(i)) {
                everywhere = Math.min(everywhere, sender.numbers[i]);
            }
        }
        NavigableMap<Long, byte[]> whole = sender.waiting.headMap(everywhere, true);
        if (whole.isEmpty()) {
            return List.of();
        }
        sender.announced = whole.lastKey();
        List<byte[]> beacons = new ArrayList<>(whole.values());
        whole.clear();
        return beacons;
    }
}
