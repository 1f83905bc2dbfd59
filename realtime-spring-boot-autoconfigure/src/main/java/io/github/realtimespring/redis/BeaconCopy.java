package io.github.realtimespring.redis;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * A copy of a beacon that a node of a cluster sends through each of its masters: the number of its node, that of the
 * beacon, how many masters there are, their marks, the beacon.
 *
 * @param through the marks of the masters that copies went through
 */
record BeaconCopy(long node, long number, int[] through, byte[] beacon) {

    private static final int HEAD = 18;

    /** Masters of one cluster; Redis itself is made for no more. */
    private static final int MASTERS = 1000;

    static byte[] of(long node, long number, Collection<String> masters, byte[] beacon) {
        ByteBuffer copy = ByteBuffer.allocate(HEAD + 4 * masters.size() + beacon.length)
                .putLong(node)
                .putLong(number)
                .putShort((short) masters.size());
        masters.forEach(master -> copy.putInt(mark(master)));
        return copy.put(beacon).array();
    }

    /** {@code null} if it is none. */
    static @Nullable BeaconCopy read(byte[] copy) {
        if (copy.length < HEAD) {
            return null;
        }
        ByteBuffer buffer = ByteBuffer.wrap(copy);
        long node = buffer.getLong();
        long number = buffer.getLong();
        int count = buffer.getShort();
        if (count < 0 || count > MASTERS || buffer.remaining() < 4 * count) {
            return null;
        }
        int[] through = new int[count];
        for (int i = 0; i < count; i++) {
            through[i] = buffer.getInt();
        }
        byte[] beacon = new byte[buffer.remaining()];
        buffer.get(beacon);
        return new BeaconCopy(node, number, through, beacon);
    }

    /** Short for the name of a master; two of one cluster have the same once in millions of clusters. */
    static int mark(String master) {
        CRC32C mark = new CRC32C();
        mark.update(master.getBytes(StandardCharsets.UTF_8));
        return (int) mark.getValue();
    }
}
