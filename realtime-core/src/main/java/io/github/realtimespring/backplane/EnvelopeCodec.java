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
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Envelopes, controls and beacons as bytes: compact, with a version, and signed if there is a secret (SPEC §6, §15). Whatever is
 * read is checked to the last byte before anything is made of it; what a node would not have written is refused.
 *
 * <pre>
 * version, what ∈ {envelope, control, beacon}, flags, application, fields …, [HMAC-SHA-256 of everything before it]
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
    private static final int CONTROL = 'C';
    private static final int BEACON = 'B';

    private static final int SIGNED = 1;
    private static final int RECOVERABLE = 2;
    private static final int COALESCES = 4;
    private static final int EXCEPTS = 8;
    private static final int LEAVING = 16;
    private static final int TRACED = 32;

    private static final String ALGORITHM = "HmacSHA256";
    private static final int SIGNATURE = 32;
    private static final int MAX_NAME = 256;
    private static final int MAX_TRACE = 8;
    private static final int MAX_TRACE_NAME = 64;
    private static final int MAX_TRACE_VALUE = 512;

    private static final RoutingKey.Kind[] KINDS = RoutingKey.Kind.values();
    private static final Delivery[] DELIVERIES = Delivery.values();
    private static final PublishOrder[] ORDERS = PublishOrder.values();

    private final String application;
    private final byte[] applicationBytes;
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
        this.applicationBytes = application.getBytes(StandardCharsets.UTF_8);
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
        Map<String, String> trace = travelling(envelope.trace());
        int flags = (delivery.recoverable() ? RECOVERABLE : 0)
                | (coalesceKey == null ? 0 : COALESCES)
                | (except.isEmpty() ? 0 : EXCEPTS)
                | (trace.isEmpty() ? 0 : TRACED);
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
        if (!trace.isEmpty()) {
            out.number(trace.size());
            trace.forEach((name, value) -> out.text(name).text(value));
        }
        out.block(event.payload().bytes());
        return finish(out);
    }

    /**
     * Whether it is an event of this origin that the origin has delivered by itself. Nothing is made of it, so only what the
     * answer depends on is checked: that is a fraction of {@link #decode}, and every node gets each of its events back.
     *
     * @param origin in UTF-8
     */
    boolean isEcho(byte[] bytes, byte[] origin) {
        try {
            ByteReader in = new ByteReader(bytes, bytes.length);
            if (in.get() != VERSION || in.get() != ENVELOPE) {
                return false;
            }
            in.get();
            in.skip(MAX_NAME);
            if (!in.is(origin, MAX_NAME)) {
                return false;
            }
            in.number();
            in.number();
            in.get();
            in.skip(MAX_NAME);
            in.skip(4 * RoutingKey.MAX_ID_LENGTH);
            in.skip(MAX_NAME);
            in.skip(MAX_NAME);
            in.get();
            if (one(ORDERS, in.get()) == PublishOrder.BACKPLANE_ONLY) {
                return false;
            }
            // Of this application, and signed if it has to be.
            open(bytes, ENVELOPE);
            return true;
        } catch (InvalidEnvelopeException notOne) {
            return false;
        }
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
            RoutingKey key = key(in, channel);
            String id = in.text(MAX_NAME);
            String type = in.text(MAX_NAME);
            Delivery name = one(DELIVERIES, in.get());
            PublishOrder order = one(ORDERS, in.get());
            Instant time = Instant.ofEpochMilli(in.number());
            String coalesceKey = (flags & COALESCES) == 0 ? null : in.text(this.maxBytes);
            Set<ConnectionId> except = (flags & EXCEPTS) == 0 ? Set.of() : except(in);
            Map<String, String> trace = (flags & TRACED) == 0 ? Map.of() : trace(in);
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
                    new Event(id, key, type, Payload.ofJson(payload), delivery, time, cursor, except, coalesceKey),
                    trace);
        } catch (RealtimeException | IllegalArgumentException | DateTimeException notValid) {
            throw ByteReader.malformed();
        }
    }

    /** Something that a node asks for, and who it is. */
    record Asked(String origin, Control control) {}

    /** Whether what came through the channel of a key may be a {@link Control}, and not an event. */
    static boolean isControl(byte[] bytes) {
        return bytes.length > 1 && bytes[0] == VERSION && bytes[1] == CONTROL;
    }

    byte[] encode(String origin, Control control) throws InvalidEnvelopeException {
        ByteWriter out = begin(CONTROL, 0, 192);
        out.text(origin).text(control.id());
        key(out, control.user());
        RoutingKey room = control.room();
        out.text(room == null ? "" : room.id()).number(control.code());
        out.number(control.connections().size());
        control.connections().forEach(id -> out.text(id.value()));
        return finish(out);
    }

    /** @param channel the key of the channel that it came through */
    Asked decodeControl(byte[] bytes, RoutingKey channel) throws InvalidEnvelopeException {
        ByteReader in = open(bytes, CONTROL);
        try {
            String origin = in.text(MAX_NAME);
            String id = in.text(MAX_NAME);
            RoutingKey user = key(in);
            String room = in.text(4 * RoutingKey.MAX_ID_LENGTH);
            int code = (int) Math.min(in.number(), Integer.MAX_VALUE);
            int count = in.count(2);
            if (count > Control.MAX_CONNECTIONS || origin.isEmpty()) {
                throw ByteReader.malformed();
            }
            List<ConnectionId> connections = new ArrayList<>(count);
            for (int i = 0; i < count; i++) {
                connections.add(new ConnectionId(in.text(MAX_NAME)));
            }
            in.end();
            if (!user.equals(channel)) {
                throw new InvalidEnvelopeException(Received.FOREIGN, "of another key than its channel");
            }
            RoutingKey left = room.isEmpty() ? null : new RoutingKey(RoutingKey.Kind.ROOM, user.tenant(), room);
            return new Asked(origin, new Control(id, user, left, code, connections));
        } catch (RealtimeException | IllegalArgumentException notValid) {
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
        if (!in.is(this.applicationBytes, MAX_NAME)) {
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

    /** The expected key if it is that one, which then needs no check. */
    private static RoutingKey key(ByteReader in, RoutingKey expected) throws InvalidEnvelopeException {
        RoutingKey.Kind kind = one(KINDS, in.get());
        String tenant = in.text(MAX_NAME);
        String id = in.text(4 * RoutingKey.MAX_ID_LENGTH);
        String inTenant = expected.tenant();
        return kind == expected.kind() && id.equals(expected.id()) && tenant.equals(inTenant == null ? "" : inTenant)
                ? expected
                : new RoutingKey(kind, tenant.isEmpty() ? null : tenant, id);
    }

    private static Set<ConnectionId> except(ByteReader in) throws InvalidEnvelopeException {
        int count = in.count(2);
        Set<ConnectionId> except = new HashSet<>();
        for (int i = 0; i < count; i++) {
            except.add(new ConnectionId(in.text(MAX_NAME)));
        }
        return except;
    }

    /** What of a trace context is sent: an event is not refused because of it. */
    private static Map<String, String> travelling(Map<String, String> trace) {
        if (trace.isEmpty()) {
            return trace;
        }
        Map<String, String> some = new HashMap<>(4);
        trace.forEach((name, value) -> {
            if (some.size() < MAX_TRACE && isTrace(name, value)) {
                some.put(name, value);
            }
        });
        return some;
    }

    private static Map<String, String> trace(ByteReader in) throws InvalidEnvelopeException {
        int count = in.count(2);
        if (count == 0 || count > MAX_TRACE) {
            throw ByteReader.malformed();
        }
        Map<String, String> trace = new HashMap<>(4);
        for (int i = 0; i < count; i++) {
            String name = in.text(MAX_TRACE_NAME);
            String value = in.text(MAX_TRACE_VALUE);
            if (!isTrace(name, value) || trace.put(name, value) != null) {
                throw ByteReader.malformed();
            }
        }
        return trace;
    }

    /** Whether they may be the name and the value of a header: a tracer may log or send on what it reads. */
    private static boolean isTrace(String name, String value) {
        return !name.isEmpty()
                && name.length() <= MAX_TRACE_NAME
                && value.length() <= MAX_TRACE_VALUE
                && name.chars().allMatch(c -> c > ' ' && c <= '~')
                && value.chars().allMatch(c -> c >= ' ' && c <= '~');
    }

    private static <T> T one(T[] values, int ordinal) throws InvalidEnvelopeException {
        if (ordinal >= values.length) {
            throw ByteReader.malformed();
        }
        return values[ordinal];
    }
}
