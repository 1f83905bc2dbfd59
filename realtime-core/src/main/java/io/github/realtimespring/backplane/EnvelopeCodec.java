package io.github.realtimespring.backplane;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Envelopes and beacons as bytes: compact, with a version, and signed if there is a secret (SPEC §6, §15). Whatever is
 * read is checked to the last byte before anything is made of it; what a node would not have written is refused.
 *
 * <pre>
 * version, what ∈ {envelope, beacon}, flags, application, fields …, [HMAC-SHA-256 of everything before it]
 * </pre>
 *
 * Numbers have seven bits a byte, the lowest first; texts and blocks have their length in front. A node reads its own
 * version only: nodes of one application are updated one after the other, so a new version is first read and later
 * written.
 *
 * <p>Thread-safe.
 */
final class EnvelopeCodec {

    private static final int VERSION = 1;
    private static final int ENVELOPE = 'E';
    private static final int BEACON = 'B';

    private static final int SIGNED = 1;
    private static final int RECOVERABLE = 2;
    private static final int COALESCES = 4;
    private static final int EXCEPTS = 8;
    private static final int LEAVING = 16;

    private static final String ALGORITHM = "HmacSHA256";
    private static final int SIGNATURE = 32;
    private static final int MAX_NAME = 256;

    private static final RoutingKey.Kind[] KINDS = RoutingKey.Kind.values();
    private static final Delivery[] DELIVERIES = Delivery.values();
    private static final PublishOrder[] ORDERS = PublishOrder.values();

    private final String application;
    private final int maxBytes;
    private final Function<Delivery, DeliveryClass> classes;
    private final PayloadCheck payloads;
    private final @Nullable SecretKeySpec secret;

    /**
     * @param application only envelopes of the same one are read
     * @param secret signs and checks; {@code null} for neither
     * @param maxBytes the largest envelope
     * @param classes what this node knows of a delivery class
     */
    EnvelopeCodec(
            String application,
            byte @Nullable [] secret,
            int maxBytes,
            Function<Delivery, DeliveryClass> classes,
            PayloadCheck payloads) {
        this.application = application;
        this.maxBytes = maxBytes;
        this.classes = classes;
        this.payloads = payloads;
        this.secret = secret == null ? null : new SecretKeySpec(secret, ALGORITHM);
    }

    /** @throws InvalidEnvelopeException {@code OVERSIZED} if it would be too large */
    byte[] encode(Envelope envelope) throws InvalidEnvelopeException {
        Event event = envelope.event();
        DeliveryClass delivery = event.delivery();
        String coalesceKey = event.coalesceKey();
        Set<ConnectionId> except = event.except();
        int flags = (delivery.recoverable() ? RECOVERABLE : 0)
                | (coalesceKey == null ? 0 : COALESCES)
                | (except.isEmpty() ? 0 : EXCEPTS);
        ByteWriter out = begin(ENVELOPE, flags, 192 + event.payload().size());
        out.text(envelope.origin()).number(envelope.run()).number(envelope.sequence());
        key(out, event.key());
        out.text(event.id()).text(event.type());
        out.put(delivery.name().ordinal()).put(delivery.order().ordinal());
        out.number(event.time().toEpochMilli());
        if (coalesceKey != null) {
            out.text(coalesceKey);
        }
        if (!except.isEmpty()) {
            out.number(except.size());
            except.forEach(id -> out.text(id.value()));
        }
        out.block(event.payload().bytes());
        return finish(out);
    }

    /**
     * @param channel the key of the channel or stream that it came through
     * @param cursor its place in the stream, if it has one
     */
    Envelope decode(byte[] bytes, RoutingKey channel, @Nullable Cursor cursor) throws InvalidEnvelopeException {
        ByteReader in = open(bytes, ENVELOPE);
        int flags = bytes[2];
        try {
            String origin = in.text(MAX_NAME);
            long run = in.number();
            long sequence = in.number();
            RoutingKey key = key(in);
            String id = in.text(MAX_NAME);
            String type = in.text(MAX_NAME);
            Delivery name = one(DELIVERIES, in.get());
            PublishOrder order = one(ORDERS, in.get());
            Instant time = Instant.ofEpochMilli(in.number());
            String coalesceKey = (flags & COALESCES) == 0 ? null : in.text(this.maxBytes);
            Set<ConnectionId> except = (flags & EXCEPTS) == 0 ? Set.of() : except(in);
            byte[] payload = in.block(this.maxBytes);
            in.end();
            boolean recoverable = (flags & RECOVERABLE) != 0;
            DeliveryClass delivery = this.classes.apply(name);
            if (!key.equals(channel)) {
                throw new InvalidEnvelopeException(Received.FOREIGN, "of another key than its channel");
            }
            if (origin.isEmpty()
                    || recoverable != (cursor != null)
                    || recoverable != delivery.recoverable()
                    || recoverable == (sequence > 0)
                    || !this.payloads.isValid(payload)) {
                throw ByteReader.malformed();
            }
            if (order != delivery.order()) {
                delivery = delivery.withOrder(order);
            }
            return new Envelope(
                    origin,
                    run,
                    sequence,
                    new Event(id, key, type, Payload.ofJson(payload), delivery, time, cursor, except, coalesceKey));
        } catch (RealtimeException | IllegalArgumentException | DateTimeException notValid) {
            throw ByteReader.malformed();
        }
    }

    byte[] encode(Beacon beacon) throws InvalidEnvelopeException {
        ByteWriter out = begin(
                BEACON,
                beacon.leaving() ? LEAVING : 0,
                64 + 64 * beacon.positions().size());
        out.text(beacon.origin()).text(beacon.node()).number(beacon.number()).number(beacon.forgotten());
        out.number(beacon.connections());
        out.number(beacon.positions().size());
        for (Beacon.Position position : beacon.positions()) {
            key(out, position.key());
            out.number(position.run()).number(position.sequence());
            Cursor cursor = position.cursor();
            out.text(cursor == null ? "" : cursor.toString());
        }
        return finish(out);
    }

    Beacon decodeBeacon(byte[] bytes) throws InvalidEnvelopeException {
        ByteReader in = open(bytes, BEACON);
        try {
            String origin = in.text(MAX_NAME);
            String node = in.text(MAX_NAME);
            long number = in.number();
            long forgotten = in.number();
            int connections = (int) Math.min(in.number(), Integer.MAX_VALUE);
            int count = in.count(7);
            List<Beacon.Position> positions = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                RoutingKey key = key(in);
                long run = in.number();
                long sequence = in.number();
                String cursor = in.text(Cursor.MAX_LENGTH);
                positions.add(new Beacon.Position(
                        key,
                        run,
                        sequence,
                        cursor.isEmpty() ? null : Cursor.parse(cursor).orElseThrow(IllegalArgumentException::new)));
            }
            in.end();
            if (origin.isEmpty()) {
                throw ByteReader.malformed();
            }
            return new Beacon(origin, node, number, forgotten, connections, (bytes[2] & LEAVING) != 0, positions);
        } catch (RealtimeException | IllegalArgumentException notValid) {
            throw ByteReader.malformed();
        }
    }

    private ByteWriter begin(int what, int flags, int capacity) {
        ByteWriter out = new ByteWriter(capacity);
        out.put(VERSION).put(what).put(this.secret == null ? flags : flags | SIGNED);
        return out.text(this.application);
    }

    private byte[] finish(ByteWriter out) throws InvalidEnvelopeException {
        byte[] bytes = out.bytes();
        if (this.secret != null) {
            byte[] signature = sign(bytes, bytes.length);
            bytes = out.raw(signature).bytes();
        }
        if (bytes.length > this.maxBytes) {
            throw new InvalidEnvelopeException(Received.OVERSIZED, "larger than " + this.maxBytes + " bytes");
        }
        return bytes;
    }

    /** Everything that is checked before the first field is read. */
    private ByteReader open(byte[] bytes, int what) throws InvalidEnvelopeException {
        if (bytes.length > this.maxBytes) {
            throw new InvalidEnvelopeException(Received.OVERSIZED, "larger than " + this.maxBytes + " bytes");
        }
        if (bytes.length < 4 || bytes[0] != VERSION || bytes[1] != what) {
            throw ByteReader.malformed();
        }
        boolean signed = (bytes[2] & SIGNED) != 0;
        int end = bytes.length;
        if (this.secret != null) {
            end -= SIGNATURE;
            if (!signed
                    || end < 4
                    || !MessageDigest.isEqual(sign(bytes, end), Arrays.copyOfRange(bytes, end, bytes.length))) {
                throw new InvalidEnvelopeException(Received.UNSIGNED, "not signed with this application's secret");
            }
        } else if (signed) {
            throw new InvalidEnvelopeException(Received.UNSIGNED, "signed, and there is no secret to check it with");
        }
        ByteReader in = new ByteReader(bytes, end);
        in.get();
        in.get();
        in.get();
        if (!in.text(MAX_NAME).equals(this.application)) {
            throw new InvalidEnvelopeException(Received.FOREIGN, "of another application");
        }
        return in;
    }

    private byte[] sign(byte[] bytes, int length) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(Objects.requireNonNull(this.secret));
            mac.update(bytes, 0, length);
            return mac.doFinal();
        } catch (GeneralSecurityException ex) {
            throw new IllegalStateException("every Java has " + ALGORITHM, ex);
        }
    }

    private static void key(ByteWriter out, RoutingKey key) {
        String tenant = key.tenant();
        out.put(key.kind().ordinal()).text(tenant == null ? "" : tenant).text(key.id());
    }

    private static RoutingKey key(ByteReader in) throws InvalidEnvelopeException {
        RoutingKey.Kind kind = one(KINDS, in.get());
        String tenant = in.text(MAX_NAME);
        return new RoutingKey(kind, tenant.isEmpty() ? null : tenant, in.text(4 * RoutingKey.MAX_ID_LENGTH));
    }

    private static Set<ConnectionId> except(ByteReader in) throws InvalidEnvelopeException {
        int count = in.count(2);
        Set<ConnectionId> except = new HashSet<>();
        for (int i = 0; i < count; i++) {
            except.add(new ConnectionId(in.text(MAX_NAME)));
        }
        return except;
    }

    private static <T> T one(T[] values, int ordinal) throws InvalidEnvelopeException {
        if (ordinal >= values.length) {
            throw ByteReader.malformed();
        }
        return values[ordinal];
    }
}
