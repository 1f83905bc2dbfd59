package io.github.realtimespring.kafka;

import io.github.realtimespring.RoutingKey;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;

/**
 * How envelopes and beacons look as records of one topic.
 *
 * <pre>
 * key     application/[tenant/]kind:id, for a beacon application/
 * header  realtime: S (sent), R (recorded) or B (beacon), then for R the event's id, for B node and number
 * value   the envelope, or the beacon
 * </pre>
 *
 * The application's name is encoded as in a URL, so that it has no slash. Immutable; safe between threads.
 */
final class RecordFormat {

    /** What a record is. */
    enum Kind {
        SENT,
        RECORDED,
        BEACON,
        /** Of another application. */
        FOREIGN,
        /** Nothing that a node writes. */
        MALFORMED
    }

    /**
     * A record as it was read.
     *
     * @param key {@code null} for a beacon and for what is not of this application
     * @param id of a recorded event
     * @param node that sent a beacon
     * @param number of a beacon
     */
    record Parsed(Kind kind, @Nullable RoutingKey key, String id, long node, long number) {

        private static final Parsed FOREIGN = new Parsed(Kind.FOREIGN, null, "", 0, 0);
        private static final Parsed MALFORMED = new Parsed(Kind.MALFORMED, null, "", 0, 0);
    }

    private static final String HEADER = "realtime";
    private static final byte SENT = 'S';
    private static final byte RECORDED = 'R';
    private static final byte BEACON = 'B';

    private final String topic;
    private final int partitions;
    private final String prefix;
    private final byte[] beaconKey;

    RecordFormat(String application, String topic, int partitions) {
        this.topic = topic;
        this.partitions = partitions;
        this.prefix = URLEncoder.encode(application, StandardCharsets.UTF_8) + '/';
        this.beaconKey = bytes(this.prefix);
    }

    ProducerRecord<byte[], byte[]> sent(RoutingKey key, byte[] envelope) {
        return record(partition(key), keyOf(key), envelope, new byte[] {SENT});
    }

    ProducerRecord<byte[], byte[]> recorded(RoutingKey key, String id, byte[] envelope) {
        byte[] text = bytes(id);
        byte[] header =
                ByteBuffer.allocate(1 + text.length).put(RECORDED).put(text).array();
        return record(partition(key), keyOf(key), envelope, header);
    }

    ProducerRecord<byte[], byte[]> beacon(int partition, long node, long number, byte[] beacon) {
        byte[] header = ByteBuffer.allocate(17)
                .put(BEACON)
                .putLong(node)
                .putLong(number)
                .array();
        return record(partition, this.beaconKey, beacon, header);
    }

    private ProducerRecord<byte[], byte[]> record(int partition, byte[] key, byte[] value, byte[] header) {
        ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(this.topic, partition, key, value);
        record.headers().add(HEADER, header);
        return record;
    }

    /** The same on every node, whatever partitioner the application has. */
    int partition(RoutingKey key) {
        CRC32C hash = new CRC32C();
        hash.update(keyOf(key));
        return (int) (hash.getValue() % this.partitions);
    }

    private byte[] keyOf(RoutingKey key) {
        return bytes(this.prefix + key);
    }

    Parsed parse(ConsumerRecord<byte[], byte[]> record) {
        Header header = record.headers().lastHeader(HEADER);
        if (record.key() == null || record.value() == null || header == null) {
            return Parsed.MALFORMED;
        }
        String key = new String(record.key(), StandardCharsets.UTF_8);
        if (!key.startsWith(this.prefix)) {
            return Parsed.FOREIGN;
        }
        byte[] about = header.value();
        if (about == null || about.length == 0) {
            return Parsed.MALFORMED;
        }
        if (about[0] == BEACON) {
            if (about.length != 17 || key.length() != this.prefix.length()) {
                return Parsed.MALFORMED;
            }
            ByteBuffer buffer = ByteBuffer.wrap(about, 1, 16);
            return new Parsed(Kind.BEACON, null, "", buffer.getLong(), buffer.getLong());
        }
        RoutingKey named = named(key);
        if (named == null || partition(named) != record.partition()) {
            return Parsed.MALFORMED;
        }
        if (about[0] == SENT) {
            return new Parsed(Kind.SENT, named, "", 0, 0);
        }
        if (about[0] == RECORDED && about.length > 1) {
            String id = new String(about, 1, about.length - 1, StandardCharsets.UTF_8);
            return new Parsed(Kind.RECORDED, named, id, 0, 0);
        }
        return Parsed.MALFORMED;
    }

    private @Nullable RoutingKey named(String key) {
        try {
            return RoutingKey.parse(key.substring(this.prefix.length()));
        } catch (RuntimeException invalid) {
            return null;
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
