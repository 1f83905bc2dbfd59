package io.github.realtimespring.backplane;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * For a {@link Broker} that sends on several ways, such as the masters of a cluster or the partitions of a topic, each with
 * an order of its own. A node sends a copy of each of its beacons on every way, behind everything that it has sent there. A
 * beacon has come when its copies, or later ones, have come on all ways that it was sent on and that are live here: then
 * everything that was sent before it has come, too, and each of the ways was proven to work. The two sides may have
 * different ways for a while.
 *
 * <p>Guarded by its monitor, a leaf.
 *
 * @since 0.1.0
 */
public final class BeaconCopies {

    /** Nodes that are remembered; who has been quiet for longest goes. */
    private static final int NODES = 1000;

    /** Beacons of one node that wait for their last copies. */
    private static final int WAITING = 16;

    /** Ways of one node that are remembered whether they are live or not. */
    private static final int WAYS = 1000;

    private final Map<Long, Sender> senders = new LinkedHashMap<>(16, 0.75f, true);

    private record Beacon(int[] through, byte[] bytes) {}

    private static final class Sender {

        /** By way: the last number that came. */
        private final Map<Integer, Long> numbers = new HashMap<>();

        private final NavigableMap<Long, Beacon> waiting = new TreeMap<>();
        /** The last one that has come. */
        private long announced;
    }

    /**
     * A copy has come.
     *
     * @param way on which it came
     * @param node the sender, as it names itself in its copies
     * @param number the sender's number of the beacon, from 1
     * @param through all ways that it was sent on; not changed by anybody from here on
     * @param live the ways on which everything comes here that is sent from now on
     * @return the beacons that have come with it, in their order
     */
    public synchronized List<byte[]> arrived(
            int way, long node, long number, int[] through, byte[] beacon, IntPredicate live) {
        Sender sender = this.senders.computeIfAbsent(node, none -> new Sender());
        if (this.senders.size() > NODES) {
            Long eldest = this.senders.keySet().iterator().next();
            this.senders.remove(eldest);
        }
        sender.numbers.merge(way, number, Math::max);
        if (sender.numbers.size() > WAYS) {
            sender.numbers.keySet().removeIf(known -> !live.test(known));
        }
        if (!live.test(way)) {
            return List.of();
        }
        if (number > sender.announced) {
            sender.waiting.putIfAbsent(number, new Beacon(through, beacon));
            if (sender.waiting.size() > WAITING) {
                sender.waiting.pollFirstEntry();
            }
        }
        return whole(sender, live);
    }

    /**
     * Other ways are live than before.
     *
     * @return the beacons that have come with that, those of each node in their order
     */
    public synchronized List<byte[]> changed(IntPredicate live) {
        List<byte[]> whole = new ArrayList<>();
        this.senders.values().forEach(sender -> whole.addAll(whole(sender, live)));
        return whole;
    }

    private static List<byte[]> whole(Sender sender, IntPredicate live) {
        List<byte[]> whole = new ArrayList<>(1);
        for (Map.Entry<Long, Beacon> waiting : sender.waiting.entrySet()) {
            boolean everywhere = IntStream.of(waiting.getValue().through())
                    .filter(live)
                    .allMatch(way -> sender.numbers.getOrDefault(way, 0L) >= waiting.getKey());
            if (!everywhere) {
                break;
            }
            sender.announced = waiting.getKey();
            whole.add(waiting.getValue().bytes());
        }
        sender.waiting.headMap(sender.announced, true).clear();
        return whole;
    }
}
