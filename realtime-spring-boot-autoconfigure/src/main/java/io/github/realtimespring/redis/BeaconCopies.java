package io.github.realtimespring.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A node of a cluster sends a copy of each of its beacons through every master, behind everything that it has sent there. A
 * beacon has come when its copies, or later ones, have come through all masters that it was sent through and that are known
 * here: then everything that was sent before it has come, too, and each of the masters was proven to work. The two sides may
 * have different masters for a while; what goes through one that only the sender knows is not subscribed here yet.
 *
 * <p>A copy is the number of its node, that of the beacon, how many masters there are, their marks, the beacon.
 *
 * <p>Guarded by its monitor, a leaf.
 */
final class BeaconCopies {

    /** Nodes that are remembered; who has been quiet for longest goes. */
    private static final int NODES = 1000;

    /** Beacons of one node that wait for their last copies. */
    private static final int WAITING = 16;

    /** Masters of one cluster; Redis itself is made for no more. */
    private static final int MASTERS = 1000;

    private final Map<Long, Sender> senders = new LinkedHashMap<>(16, 0.75f, true);

    /**
     * @param through the marks of the masters that copies went through
     */
    private record Beacon(List<Integer> through, byte[] bytes) {}

    private static final class Sender {

        /** By the mark of the master: the last number that came. */
        private final Map<Integer, Long> numbers = new HashMap<>();

        private final NavigableMap<Long, Beacon> waiting = new TreeMap<>();
        /** The last one that has come. */
        private long announced;
    }

    static byte[] copy(long node, long number, Collection<String> masters, byte[] beacon) {
        ByteBuffer copy = ByteBuffer.allocate(18 + 4 * masters.size() + beacon.length)
                .putLong(node)
                .putLong(number)
                .putShort((short) masters.size());
        masters.forEach(master -> copy.putInt(mark(master)));
        return copy.put(beacon).array();
    }

    /**
     * A copy has come through a master.
     *
     * @param masters those that are known here
     * @return the beacons that have come with it, in order; {@code null} if it is no copy
     */
    synchronized @Nullable List<byte[]> arrived(String master, byte[] copy, Collection<String> masters) {
        if (copy.length < 18) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(copy);
        long node = buffer.getLong();
        long number = buffer.getLong();
        int count = buffer.getShort();
        if (count < 0 || count > MASTERS || buffer.remaining() < 4 * count) {
            return null;
        }
        List<Integer> through = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            through.add(buffer.getInt());
        }
        byte[] beacon = new byte[buffer.remaining()];
        buffer.get(beacon);
        Sender sender = this.senders.computeIfAbsent(node, none -> new Sender());
        if (this.senders.size() > NODES) {
            this.senders.remove(this.senders.keySet().iterator().next());
        }
        sender.numbers.merge(mark(master), number, Math::max);
        if (number > sender.announced) {
            sender.waiting.putIfAbsent(number, new Beacon(through, beacon));
            if (sender.waiting.size() > WAITING) {
                sender.waiting.pollFirstEntry();
            }
        }
        return whole(sender, masters.stream().map(BeaconCopies::mark).toList());
    }

    private static List<byte[]> whole(Sender sender, List<Integer> masters) {
        sender.numbers.keySet().retainAll(masters);
        Long last = null;
        for (Map.Entry<Long, Beacon> waiting : sender.waiting.entrySet()) {
            boolean everywhere = waiting.getValue().through().stream()
                    .filter(masters::contains)
                    .allMatch(master -> sender.numbers.getOrDefault(master, 0L) >= waiting.getKey());
            if (!everywhere) {
                break;
            }
            last = waiting.getKey();
        }
        if (last == null) {
            return List.of();
        }
        sender.announced = last;
        NavigableMap<Long, Beacon> whole = sender.waiting.headMap(last, true);
        List<byte[]> beacons = whole.values().stream().map(Beacon::bytes).toList();
        whole.clear();
        return beacons;
    }

    /** Short for the name of a master; two of one cluster have the same once in millions of clusters. */
    private static int mark(String master) {
        CRC32C mark = new CRC32C();
        mark.update(master.getBytes(StandardCharsets.UTF_8));
        return (int) mark.getValue();
    }
}
