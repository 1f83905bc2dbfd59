package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.annotation.JsonRawValue;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.history.Recorded;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.registry.MembershipChange;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

class JsonFramesTests {

    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final JsonFrames frames = new JsonFrames(MAPPER);

    @Test
    void anEventOfARoomCarriesThePlainRoomNameWhateverItsTenant() {
        String expected = "{\"type\":\"event\",\"room\":\"project:42\",\"event\":\"message.created\",\"id\":\"01J9\","
                + "\"cursor\":\"a1f3.1045\",\"data\":{\"text\":\"hi\"}}";
        assertThat(event(ROOM, new Cursor("a1f3", 1045))).isEqualTo(expected);
        assertThat(event(ROOM.withTenant("acme"), new Cursor("a1f3", 1045))).isEqualTo(expected);
    }

    @Test
    void anEventWithoutAPlaceInAStreamHasNoCursor() {
        assertThat(event(ROOM, null)).doesNotContain("cursor");
    }

    @Test
    void eventsOfOtherKindsSayWhereTheyBelongInPlaceOfTheRoom() {
        assertThat(event(RoutingKey.user("alice"), null)).startsWith("{\"type\":\"event\",\"to\":\"user\",\"event\"");
        assertThat(event(new RoutingKey(RoutingKey.Kind.CHANNEL, null, "news"), null))
                .startsWith("{\"type\":\"event\",\"channel\":\"news\",\"event\"");
        assertThat(event(new RoutingKey(RoutingKey.Kind.TOPIC, null, "a.b"), null))
                .startsWith("{\"type\":\"event\",\"topic\":\"a.b\",\"event\"");
    }

    @Test
    void pingAndGapHoldNothingPerConnectionAndAreEncodedOnce() {
        assertThat(this.frames.ping().text()).isEqualTo("{\"type\":\"ping\"}");
        assertThat(this.frames.ping()).isSameAs(this.frames.ping());
        Frame gap = this.frames.gap(ROOM, GapReason.OVERFLOW);
        assertThat(gap.text()).isEqualTo("{\"type\":\"gap\",\"room\":\"project:42\",\"reason\":\"overflow\"}");
        assertThat(this.frames.gap(ROOM, GapReason.OVERFLOW)).isSameAs(gap);
        assertThat(this.frames.gap(ROOM.withTenant("acme"), GapReason.OVERFLOW).key())
                .isEqualTo(ROOM.withTenant("acme"));
        assertThat(this.frames.gap(ROOM, GapReason.AWAY).text()).contains("\"reason\":\"away\"");
    }

    @Test
    void welcomeTellsWhatTheProtocolSays() {
        Frame welcome = this.frames.welcome(
                new ConnectionId("c18"), "opaque", Identity.user("alice"), ProtocolSettings.DEFAULTS);
        assertThat(welcome.text())
                .isEqualTo("{\"type\":\"welcome\",\"protocol\":1,\"connection\":\"c18\",\"session\":\"opaque\","
                        + "\"user\":\"alice\",\"heartbeat\":{\"interval\":25000,\"timeout\":10000},"
                        + "\"reconnect\":{\"min\":500,\"max\":20000},\"limits\":{\"frameBytes\":65536,\"rooms\":100}}");
        assertThat(this.frames
                        .welcome(new ConnectionId("c18"), "opaque", Identity.ANONYMOUS, ProtocolSettings.DEFAULTS)
                        .text())
                .doesNotContain("user");
    }

    @Test
    void joinedCarriesCursorStateAndMembers() {
        RoomService.Join join = join(Recovery.NOT_ASKED, List.of());
        assertThat(this.frames
                        .joined(1L, ROOM, join, Payload.ofJson("{\"a\":1}"), presence("bob"))
                        .text())
                .isEqualTo("{\"type\":\"joined\",\"id\":1,\"room\":\"project:42\",\"cursor\":\"a1f3.7\","
                        + "\"recovered\":false,\"state\":{\"a\":1},"
                        + "\"version\":7,\"members\":[{\"user\":\"bob\",\"state\":\"online\"}],\"count\":1}");
        assertThat(this.frames.joined(null, ROOM, join, null, null).text())
                .isEqualTo("{\"type\":\"joined\",\"room\":\"project:42\",\"cursor\":\"a1f3.7\",\"recovered\":false}");
        assertThat(json(this.frames.joined(1L, ROOM, join, null, presence("a", "b")))
                        .get("members")
                        .size())
                .isEqualTo(2);
    }

    @Test
    void joinedTellsHowManyEventsFollowIfTheClientGetsWhatItMissed() {
        Event event =
                Event.of(ROOM, "e", Payload.NULL, DeliveryClass.RECOVERABLE).withCursor(new Cursor("a1f3", 7));
        assertThat(this.frames
                        .joined(1L, ROOM, join(Recovery.RECOVERED, List.of(new Recorded(event))), null, null)
                        .text())
                .isEqualTo("{\"type\":\"joined\",\"id\":1,\"room\":\"project:42\",\"cursor\":\"a1f3.7\","
                        + "\"recovered\":true,\"replay\":1}");
        assertThat(this.frames
                        .joined(1L, ROOM, join(Recovery.EXPIRED, List.of()), null, null)
                        .text())
                .contains("\"recovered\":false")
                .doesNotContain("replay");
    }

    private static RoomPresence presence(String... users) {
        List<Member> members = java.util.Arrays.stream(users)
                .map(user -> Member.of(user, PresenceState.ONLINE))
                .toList();
        return new RoomPresence(7, members.size(), true, members);
    }

    private static PresenceChange change(boolean listed) {
        Member bob = new Member("bob", PresenceState.ONLINE, Payload.ofJson("{\"name\":\"Bob\"}"));
        return new PresenceChange(
                ROOM,
                3,
                12,
                11,
                17,
                listed,
                listed ? List.of(bob) : List.of(),
                listed ? List.of(Member.of("al", PresenceState.IDLE)) : List.of(),
                listed ? List.of("eve \"x\"", "mo") : List.of());
    }

    private String presenceFrame(Payload payload) {
        RoutingKey key = RoutingKey.parse("presence:project:42");
        return new String(
                this.frames.encode(Event.of(key, "presence", payload, DeliveryClass.STANDARD), WireFormat.JSON_V1),
                StandardCharsets.UTF_8);
    }

    @Test
    void presenceTellsWhatChanged() {
        assertThat(presenceFrame(this.frames.difference(change(true))))
                .isEqualTo("{\"type\":\"presence\",\"room\":\"project:42\",\"version\":12,"
                        + "\"joined\":[{\"user\":\"bob\",\"state\":\"online\",\"data\":{\"name\":\"Bob\"}}],"
                        + "\"changed\":[{\"user\":\"al\",\"state\":\"idle\"}],"
                        + "\"left\":[\"eve \\\"x\\\"\",\"mo\"],\"count\":17}");
        assertThat(presenceFrame(this.frames.difference(change(false))))
                .isEqualTo("{\"type\":\"presence\",\"room\":\"project:42\",\"version\":12,\"count\":17}");
    }

    @Test
    void presenceTellsTheWholeWhereAVersionIsMissing() {
        assertThat(presenceFrame(this.frames.snapshot(presence("bob"))))
                .isEqualTo("{\"type\":\"presence\",\"room\":\"project:42\",\"version\":7,"
                        + "\"members\":[{\"user\":\"bob\",\"state\":\"online\"}],\"count\":1}");
        assertThat(presenceFrame(this.frames.snapshot(new RoomPresence(8, 2000, false, List.of()))))
                .isEqualTo("{\"type\":\"presence\",\"room\":\"project:42\",\"version\":8,\"count\":2000}");
        assertThat(this.frames
                        .gap(RoutingKey.parse("presence:project:42"), GapReason.OVERFLOW)
                        .text())
                .isEqualTo("{\"type\":\"presence\",\"room\":\"project:42\",\"resync\":true}");
    }

    @Test
    void aChangeIsReadByOtherNodesAsItWasWritten() {
        PresenceChange read = this.frames.decode(ROOM, this.frames.encode(change(true)));
        assertThat(this.frames.encode(read).bytes())
                .isEqualTo(this.frames.encode(change(true)).bytes());
        assertThat(read.version()).isEqualTo(12);
        assertThat(read.previous()).isEqualTo(11);
        assertThat(read.token()).isEqualTo(3);
        assertThat(this.frames.decode(ROOM, this.frames.encode(change(false))).listed())
                .isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "17",
                "{}",
                "[]",
                "{\"token\":1,\"version\":\"x\",\"previous\":0,\"count\":1,\"listed\":true}",
                "{\"token\":1,\"version\":2,\"previous\":1,\"count\":1,\"listed\":true,\"left\":[17]}",
                "{\"token\":1,\"version\":2,\"previous\":1,\"count\":1,\"listed\":true,\"left\":[\" a\\n\"]}",
                "{\"token\":1,\"version\":2,\"previous\":1,\"count\":1,\"listed\":true,\"joined\":[{\"user\":\"a\"}]}",
                "{\"token\":1,\"version\":2,\"previous\":1,\"count\":1,\"listed\":true,"
                        + "\"joined\":[{\"user\":\"a\",\"state\":\"offline\"}]}",
                "{\"token\":1,\"version\":2,\"previous\":1,\"count\":1,\"listed\":true,"
                        + "\"joined\":[{\"user\":\"a\",\"state\":\"online\",\"data\":[1]}]}"
            })
    void whatIsNoChangeIsRefused(String json) {
        assertThatIllegalArgumentException().isThrownBy(() -> this.frames.decode(ROOM, Payload.ofJson(json)));
    }

    private static RoomService.Join join(Recovery recovery, List<Recorded> missed) {
        Cursor cursor = new Cursor("a1f3", 7);
        return new RoomService.Join(MembershipChange.JOINED, recovery, cursor, cursor, missed, false);
    }

    @Test
    void leftAckAndGoawayReadAsTheProtocolSays() {
        assertThat(this.frames.left(2L, ROOM).text()).isEqualTo("{\"type\":\"left\",\"room\":\"project:42\",\"id\":2}");
        assertThat(this.frames.evicted(ROOM).text())
                .isEqualTo("{\"type\":\"left\",\"room\":\"project:42\",\"code\":\"evicted\",\"rejoin\":false}");
        assertThat(this.frames
                        .ack(3L, Payload.ofJson("{\"a\":1}"), "01J9", new Cursor("a1f3", 1045))
                        .text())
                .isEqualTo(
                        "{\"type\":\"ack\",\"id\":3,\"data\":{\"a\":1},\"event\":\"01J9\",\"cursor\":\"a1f3.1045\"}");
        assertThat(this.frames.ack(3L, null, null, null).text()).isEqualTo("{\"type\":\"ack\",\"id\":3}");
        assertThat(this.frames
                        .goaway(JsonFrames.GoawayReason.DRAINING, Duration.ofMillis(1840))
                        .text())
                .isEqualTo("{\"type\":\"goaway\",\"reason\":\"draining\",\"reconnectAfter\":1840}");
    }

    @Test
    void anErrorCarriesCodeMessageAndWhatTheClientCanDo() {
        RealtimeException failure = new RealtimeException(
                ErrorCode.INVALID_PAYLOAD,
                "not valid",
                true,
                Duration.ofMillis(20),
                List.of(new RealtimeException.Detail("text", "must not be \"blank\"")),
                null);
        assertThat(this.frames.error(3L, ROOM, failure).text())
                .isEqualTo("{\"type\":\"error\",\"id\":3,\"room\":\"project:42\",\"code\":\"invalid-payload\","
                        + "\"message\":\"not valid\",\"retryable\":true,\"retryAfter\":20,"
                        + "\"details\":[{\"field\":\"text\",\"message\":\"must not be \\\"blank\\\"\"}]}");
    }

    @Test
    void everyStringComesOutAsItWentIn() {
        Random random = new Random(7);
        for (int trial = 0; trial < 2_000; trial++) {
            StringBuilder text = new StringBuilder();
            for (int i = random.nextInt(20); i > 0; i--) {
                int c = random.nextInt(4) == 0 ? random.nextInt(0x20) : random.nextInt(0x11000);
                text.appendCodePoint(c >= 0xd800 && c <= 0xdfff ? '"' : c);
            }
            Frame frame = this.frames.error(1L, null, new RealtimeException(ErrorCode.CONFLICT, text.toString()));
            assertThat(json(frame).get("message").stringValue()).isEqualTo(text.toString());
            assertThat(frame.text()).doesNotContain("\n", "\r");
        }
    }

    @Test
    void halfASurrogatePairIsEscapedInsteadOfBreakingTheFrame() {
        Frame frame = this.frames.error(1L, null, new RealtimeException(ErrorCode.CONFLICT, "a\ud800b"));
        assertThat(frame.text()).contains("a\\ud800b");
        assertThat(json(frame).get("code").stringValue()).isEqualTo("conflict");
    }

    @Test
    void payloadsHaveNoRawLineBreakEvenIfTheApplicationsMapperIndents() {
        JsonFrames indenting = new JsonFrames(
                MAPPER.rebuild().enable(SerializationFeature.INDENT_OUTPUT).build());
        Payload payload = indenting.payload(Map.of("list", List.of(1, 2), "text", "a\nb"));
        String text = new String(payload.bytes(), StandardCharsets.UTF_8);
        assertThat(text).doesNotContain("\n", "\r").contains("a\\nb");
        assertThat(indenting.payload(new Raw("{\n\"a\":\r\n1}")).bytes()).doesNotContain((byte) '\n', (byte) '\r');
    }

    record Raw(@JsonRawValue String value) {}

    static final class Broken {
        public String getText() {
            throw new IllegalStateException("expected by the test");
        }
    }

    @Test
    void dataThatCannotBeEncodedIsRefusedAsInvalidPayload() {
        Object[] loop = new Object[1];
        loop[0] = loop;
        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.frames.payload(loop))
                .satisfies(ex -> assertThat(ex.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD))
                .withMessageNotContaining("java");
        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.frames.payload(new Broken()))
                .satisfies(ex -> assertThat(ex.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD));
    }

    @Test
    void payloadsAreDecodedIntoTheGenericForm() {
        assertThat(this.frames.data(Payload.ofJson("{\"a\":[1,null]}"))).isEqualTo(MAPPER.readTree("{\"a\":[1,null]}"));
        assertThat(this.frames.payload(null)).isSameAs(Payload.NULL);
        Payload ready = Payload.ofJson("1");
        assertThat(this.frames.payload(ready)).isSameAs(ready);
    }

    private String event(RoutingKey key, Cursor cursor) {
        Event event = new Event(
                "01J9",
                key,
                "message.created",
                Payload.ofJson("{\"text\":\"hi\"}"),
                DeliveryClass.STANDARD,
                Instant.EPOCH,
                cursor,
                Set.of(),
                null);
        return new String(this.frames.encode(event, WireFormat.JSON_V1), StandardCharsets.UTF_8);
    }

    private static JsonNode json(Frame frame) {
        return MAPPER.readTree(frame.bytes());
    }

    /** A stream that is cut before the replay was written comes back with where it was, or it would lose the replay. */
    @Test
    void aJoinThatIsFollowedByAReplayStandsWhereTheReplayBegins() {
        Cursor from = new Cursor("epoch", 3);
        RoomService.Join join = new RoomService.Join(
                MembershipChange.JOINED, Recovery.RECOVERED, from, new Cursor("epoch", 9), List.of(), false);

        assertThat(this.frames
                        .joined(null, RoutingKey.room("a"), join, null, null)
                        .cursor())
                .isEqualTo(from);
    }
}
