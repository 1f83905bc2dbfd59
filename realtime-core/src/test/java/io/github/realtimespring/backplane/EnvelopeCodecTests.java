package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnvelopeCodecTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42").withTenant("acme");
    private static final Cursor CURSOR = new Cursor("abcdefghijkl", 7);
    private static final byte[] SECRET = "a secret that every node has".getBytes(StandardCharsets.UTF_8);

    private final EnvelopeCodec codec = codec("app", null);

    private static EnvelopeCodec codec(String application, byte @Nullable [] secret) {
        return new EnvelopeCodec(
                application, secret, 10_000, DeliveryClass::of, json -> json.length > 1 && json[0] == '{');
    }

    @Test
    void anEnvelopeIsReadAsItWasWritten() throws Exception {
        Event event = new Event(
                "01J9",
                ROOM,
                "message.created",
                Payload.ofJson("{\"text\":\"grüße 😀\"}"),
                DeliveryClass.STANDARD.withOrder(PublishOrder.PUBLISH_FIRST),
                Instant.ofEpochMilli(1_700_000_000_123L),
                null,
                Set.of(new ConnectionId("c1"), new ConnectionId("c2")),
                "cursor of alice");

        Envelope read = this.codec.decode(this.codec.encode(new Envelope("origin", 3, 99, event)), ROOM, null);

        assertThat(read.origin()).isEqualTo("origin");
        assertThat(read.run()).isEqualTo(3);
        assertThat(read.sequence()).isEqualTo(99);
        assertThat(read.event()).usingRecursiveComparison().isEqualTo(event);
    }

    @Test
    void aTraceTravelsWithTheEvent() throws Exception {
        Map<String, String> trace =
                Map.of("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate", "a=1");
        Envelope envelope = new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD), trace);

        Envelope read = codec("app", SECRET).decode(codec("app", SECRET).encode(envelope), ROOM, null);

        assertThat(read.trace()).isEqualTo(trace);
        assertThat(this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD), Map.of())))
                .isEqualTo(this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD))));
    }

    /** Whoever made it may have put anything there; the event is worth more. */
    @Test
    void whatOfATraceCannotTravelIsLeftOut() throws Exception {
        Map<String, String> trace = new HashMap<>();
        trace.put("", "nameless");
        trace.put("two words", "1");
        trace.put("long", "x".repeat(513));
        trace.put("lines", "a\r\nb");
        trace.put("baggage", "x".repeat(512));
        assertThat(sent(trace)).containsOnlyKeys("baggage");

        Map<String, String> many = new HashMap<>();
        for (int i = 0; i < 100; i++) {
            many.put("name-" + i, "1");
        }
        assertThat(sent(many)).hasSize(8);
    }

    private Map<String, String> sent(Map<String, String> trace) throws Exception {
        byte[] bytes = this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD), trace));
        return this.codec.decode(bytes, ROOM, null).trace();
    }

    @Test
    void aTraceThatNoNodeWouldHaveSentIsRefused() throws Exception {
        byte[] bytes = this.codec.encode(
                new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD), Map.of("traceparent", "value")));
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf("traceparent");
        for (int i : new int[] {at, at + "traceparent".length() + 1}) {
            byte[] changed = bytes.clone();
            changed[i] = '\n';
            assertRefused(Received.MALFORMED, () -> this.codec.decode(changed, ROOM, null));
        }
    }

    @Test
    void thePlaceInTheStreamComesFromTheStore() throws Exception {
        Event event = event(DeliveryClass.RECOVERABLE);

        Envelope read = this.codec.decode(this.codec.encode(new Envelope("origin", 0, 0, event)), ROOM, CURSOR);

        assertThat(read.event().cursor()).isEqualTo(CURSOR);
    }

    @Test
    void whatTheOriginHasDeliveredByItselfIsAnEchoToItAlone() throws Exception {
        byte[] origin = "origin".getBytes(StandardCharsets.UTF_8);
        for (PublishOrder order : PublishOrder.values()) {
            byte[] bytes =
                    this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD.withOrder(order))));
            assertThat(this.codec.isEcho(bytes, origin))
                    .as(order.name())
                    .isEqualTo(order != PublishOrder.BACKPLANE_ONLY);
            assertThat(this.codec.isEcho(bytes, "origin2".getBytes(StandardCharsets.UTF_8)))
                    .isFalse();
        }
    }

    @Test
    void whatOnlySaysThatItIsOfTheOriginIsNoEcho() throws Exception {
        byte[] origin = "origin".getBytes(StandardCharsets.UTF_8);
        byte[] bytes = this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD)));
        assertThat(codec("other", null).isEcho(bytes, origin)).isFalse();
        assertThat(codec("app", SECRET).isEcho(bytes, origin)).isFalse();
        for (int length = 0; length < bytes.length; length++) {
            // What is cut off behind the order is not looked at.
            this.codec.isEcho(Arrays.copyOf(bytes, length), origin);
        }
        assertThat(this.codec.isEcho(Arrays.copyOf(bytes, 20), origin)).isFalse();
    }

    @Test
    void anEnvelopeIsSmall() throws Exception {
        byte[] bytes =
                this.codec.encode(new Envelope("01J9ZZZZZZZZZZZZZZZZZZZZZZ", 1, 1000, event(DeliveryClass.STANDARD)));

        assertThat(bytes.length).isLessThan(110);
    }

    @Test
    void aBeaconIsReadAsItWasWritten() throws Exception {
        Beacon beacon = new Beacon(
                "origin",
                "node-1",
                17,
                12,
                345,
                true,
                List.of(
                        new Beacon.Position(ROOM, 2, 9, null),
                        new Beacon.Position(RoutingKey.user("bob"), 0, 0, CURSOR)));

        assertThat(this.codec.decodeBeacon(this.codec.encode(beacon))).isEqualTo(beacon);
        assertThat(codec("app", SECRET).decodeBeacon(codec("app", SECRET).encode(beacon)))
                .isEqualTo(beacon);
    }

    private static final RoutingKey BOB = RoutingKey.user("bob").withTenant("acme");

    private static List<Control> controls() {
        return List.of(
                Control.evict(BOB, ROOM),
                Control.disconnect(BOB, 4403),
                Control.disconnect(BOB, 4409, List.of(new ConnectionId("c1"), new ConnectionId("c2"))));
    }

    @Test
    void aControlIsReadAsItWasWritten() throws Exception {
        for (Control control : controls()) {
            for (EnvelopeCodec one : List.of(this.codec, codec("app", SECRET))) {
                byte[] bytes = one.encode("origin", control);
                assertThat(EnvelopeCodec.isControl(bytes)).isTrue();
                assertThat(one.decodeControl(bytes, BOB)).isEqualTo(new EnvelopeCodec.Asked("origin", control));
            }
        }
        assertThat(EnvelopeCodec.isControl(
                        this.codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD)))))
                .isFalse();
    }

    /** Closing somebody's connections takes the secret, the application and the very key. */
    @Test
    void aControlOfAnybodyElseIsRefused() throws Exception {
        for (Control control : controls()) {
            byte[] bytes = this.codec.encode("origin", control);
            byte[] signed = codec("app", SECRET).encode("origin", control);
            assertRefused(Received.FOREIGN, () -> this.codec.decodeControl(bytes, RoutingKey.user("bob")));
            assertRefused(Received.FOREIGN, () -> this.codec.decodeControl(bytes, BOB.withTenant("umbrella")));
            assertRefused(Received.FOREIGN, () -> codec("other", null).decodeControl(bytes, BOB));
            assertRefused(Received.UNSIGNED, () -> codec("app", SECRET).decodeControl(bytes, BOB));
            assertRefused(Received.UNSIGNED, () -> this.codec.decodeControl(signed, BOB));
            signed[signed.length / 2] ^= 1;
            assertRefused(Received.UNSIGNED, () -> codec("app", SECRET).decodeControl(signed, BOB));
            assertRefused(Received.MALFORMED, () -> this.codec.decode(bytes, BOB, null));
        }
    }

    /** Whatever is changed, cut off or added: it is a control that a node could have sent, or refused, and nothing else. */
    @Test
    void aControlThatWasChangedIsRefusedOrValid() throws Exception {
        Random random = new Random(20);
        for (Control control : controls()) {
            byte[] bytes = this.codec.encode("origin", control);
            for (int i = 0; i < 2_000; i++) {
                byte[] changed = Arrays.copyOf(bytes, i % 3 == 0 ? random.nextInt(bytes.length + 3) : bytes.length);
                if (changed.length > 0) {
                    changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
                }
                try {
                    assertThat(this.codec.decodeControl(changed, BOB).control().user())
                            .isEqualTo(BOB);
                } catch (InvalidEnvelopeException refused) {
                    assertThat(refused.reason()).isIn(Received.MALFORMED, Received.FOREIGN, Received.UNSIGNED);
                }
            }
        }
    }

    @Test
    void whatIsLargerThanAllowedIsNeitherWrittenNorRead() {
        Event large = new Event(
                "1",
                ROOM,
                "e",
                Payload.ofJson("{" + " ".repeat(10_000)),
                DeliveryClass.STANDARD,
                Instant.EPOCH,
                null,
                Set.of(),
                null);

        assertRefused(Received.OVERSIZED, () -> this.codec.encode(new Envelope("origin", 1, 1, large)));
        assertRefused(Received.OVERSIZED, () -> this.codec.decode(new byte[10_001], ROOM, null));
    }

    @Test
    void whatIsOfAnotherApplicationOrKeyIsForeign() throws Exception {
        byte[] bytes = standard(this.codec);

        assertRefused(Received.FOREIGN, () -> codec("other", null).decode(bytes, ROOM, null));
        assertRefused(Received.FOREIGN, () -> this.codec.decode(bytes, ROOM.withTenant("evil"), null));
        assertRefused(Received.FOREIGN, () -> this.codec.decode(bytes, ROOM.withTenant(null), null));
        assertRefused(
                Received.FOREIGN,
                () -> this.codec.decode(bytes, RoutingKey.room("project:43").withTenant("acme"), null));
    }

    @Test
    void withASecretOnlyWhatIsSignedWithItIsRead() throws Exception {
        EnvelopeCodec signing = codec("app", SECRET);
        byte[] signed = standard(signing);

        assertThat(signing.decode(signed, ROOM, null).sequence()).isEqualTo(1);
        assertRefused(Received.UNSIGNED, () -> signing.decode(standard(this.codec), ROOM, null));
        assertRefused(Received.UNSIGNED, () -> codec("app", new byte[] {1}).decode(signed, ROOM, null));
        assertRefused(Received.UNSIGNED, () -> this.codec.decode(signed, ROOM, null));
        byte[] stripped = Arrays.copyOf(signed, signed.length - 32);
        stripped[2] &= ~1;
        assertRefused(Received.UNSIGNED, () -> signing.decode(stripped, ROOM, null));
        for (int i = 0; i < signed.length; i++) {
            byte[] changed = signed.clone();
            changed[i] ^= 1;
            assertThatExceptionOfType(InvalidEnvelopeException.class)
                    .as("changed at %s", i)
                    .isThrownBy(() -> signing.decode(changed, ROOM, null));
        }
    }

    @Test
    void aPayloadThatCannotGoIntoFramesIsMalformed() throws Exception {
        byte[] bytes = this.codec.encode(new Envelope(
                "origin",
                1,
                1,
                new Event(
                        "1",
                        ROOM,
                        "e",
                        Payload.ofJson("}{"),
                        DeliveryClass.STANDARD,
                        Instant.EPOCH,
                        null,
                        Set.of(),
                        null)));

        assertRefused(Received.MALFORMED, () -> this.codec.decode(bytes, ROOM, null));
    }

    @Test
    void whatHasAPlaceHasNoSequenceAndTheOtherWayRound() throws Exception {
        byte[] standard = standard(this.codec);
        byte[] recoverable = this.codec.encode(new Envelope("origin", 0, 0, event(DeliveryClass.RECOVERABLE)));

        assertRefused(Received.MALFORMED, () -> this.codec.decode(standard, ROOM, CURSOR));
        assertRefused(Received.MALFORMED, () -> this.codec.decode(recoverable, ROOM, null));
        assertRefused(
                Received.MALFORMED,
                () -> this.codec.decode(
                        this.codec.encode(new Envelope("origin", 1, 0, event(DeliveryClass.STANDARD))), ROOM, null));
    }

    @Test
    void anotherVersionIsMalformed() throws Exception {
        byte[] bytes = standard(this.codec);
        bytes[0] = 2;

        assertRefused(Received.MALFORMED, () -> this.codec.decode(bytes, ROOM, null));
        assertRefused(Received.MALFORMED, () -> this.codec.decodeBeacon(standard(this.codec)));
    }

    /** Whatever bytes come, the answer is an envelope that could have been written, or a reason. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void noBytesDoHarm(long seed) throws Exception {
        Random random = new Random(seed);
        List<byte[]> good = new ArrayList<>(List.of(
                standard(this.codec),
                this.codec.encode(new Envelope("origin", 0, 0, event(DeliveryClass.CRITICAL))),
                this.codec.encode(
                        new Beacon("origin", "n", 1, 0, 0, false, List.of(new Beacon.Position(ROOM, 1, 1, CURSOR))))));
        int read = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] bytes = good.get(random.nextInt(good.size())).clone();
            switch (random.nextInt(5)) {
                case 0 -> bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
                case 1 -> bytes = Arrays.copyOf(bytes, bytes.length + 1 + random.nextInt(8));
                case 2 -> {
                    bytes = new byte[random.nextInt(200)];
                    random.nextBytes(bytes);
                }
                default -> {
                    for (int change = random.nextInt(4); change >= 0; change--) {
                        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                    }
                }
            }
            byte[] input = bytes;
            read += reads(() -> this.codec.decode(input, ROOM, null));
            read += reads(() -> this.codec.decode(input, ROOM, CURSOR));
            read += reads(() -> this.codec.decodeBeacon(input));
        }
        // Most changes are noticed; those of texts and numbers need a signature.
        assertThat(read).isLessThan(40_000);
    }

    private interface Coding {
        Object run() throws InvalidEnvelopeException;
    }

    private static int reads(Coding coding) {
        try {
            coding.run();
            return 1;
        } catch (InvalidEnvelopeException invalid) {
            return 0;
        }
    }

    private static void assertRefused(Received reason, Coding coding) {
        assertThatExceptionOfType(InvalidEnvelopeException.class)
                .isThrownBy(coding::run)
                .extracting(InvalidEnvelopeException::reason)
                .isEqualTo(reason);
    }

    private static byte[] standard(EnvelopeCodec codec) throws InvalidEnvelopeException {
        return codec.encode(new Envelope("origin", 1, 1, event(DeliveryClass.STANDARD)));
    }

    private static Event event(DeliveryClass delivery) {
        return new Event(
                "01J9ZZZZZZZZZZZZZZZZZZZZZZ",
                ROOM,
                "test.event",
                Payload.ofJson("{}"),
                delivery,
                Instant.ofEpochMilli(1_700_000_000_000L),
                null,
                Set.of(),
                null);
    }
}
