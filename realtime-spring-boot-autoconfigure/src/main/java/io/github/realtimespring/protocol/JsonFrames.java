package io.github.realtimespring.protocol;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.ControlFrames;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceCodec;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.room.Recovery;
import io.github.realtimespring.room.RoomService;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * The server's frames of subprotocol {@code realtime.v1.json} as bytes (PROTOCOL, frames): compact JSON in UTF-8 without
 * a raw line break, so that several frames can be joined by one. Frames are put together around payloads that were
 * encoded before; only payloads go through the application's {@link JsonMapper}.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class JsonFrames implements EventEncoder, ControlFrames, PresenceCodec {

    /** Why a {@code goaway} is sent. */
    public enum GoawayReason {
        DRAINING("draining"),
        REBALANCE("rebalance"),
        SLOW_CONSUMER("slow-consumer"),
        RATE_LIMITED("rate-limited");

        private final String wireName;

        GoawayReason(String wireName) {
            this.wireName = wireName;
        }

        public String wireName() {
            return this.wireName;
        }
    }

    private static final int MAX_GAPS = 10_000;

    private final JsonMapper mapper;
    private final Frame ping = Frame.ping(new JsonBuffer(16).type("ping").end());
    private final Cache<Gap, Frame> gaps =
            Caffeine.newBuilder().maximumSize(MAX_GAPS).build();

    /** Clients of every tenant see the same bytes, but the queue tells gaps apart by their whole key. */
    private record Gap(RoutingKey key, GapReason reason) {}

    /** @param mapper encodes payloads; indentation is turned off in a copy */
    public JsonFrames(JsonMapper mapper) {
        this.mapper = mapper.isEnabled(SerializationFeature.INDENT_OUTPUT)
                ? mapper.rebuild().disable(SerializationFeature.INDENT_OUTPUT).build()
                : mapper;
    }

    @Override
    public byte[] encode(Event event, WireFormat format) {
        byte[] data = event.payload().bytes();
        if (event.key().kind() == RoutingKey.Kind.PRESENCE) {
            return new JsonBuffer(data.length + 80)
                    .type("presence")
                    .field("room", event.key().id())
                    .fields(data)
                    .end();
        }
        JsonBuffer json = new JsonBuffer(data.length + 160).type("event");
        address(json, event.key());
        json.field("event", event.type()).field("id", event.id());
        Cursor cursor = event.cursor();
        if (cursor != null) {
            json.field("cursor", cursor.toString());
        }
        return json.raw("data", data).end();
    }

    @Override
    public Payload payload(@Nullable Object data) {
        if (data == null) {
            return Payload.NULL;
        }
        if (data instanceof Payload payload) {
            return payload;
        }
        try {
            return Payload.ofJson(oneLine(this.mapper.writeValueAsBytes(data)));
        } catch (JacksonException | StackOverflowError ex) {
            throw new RealtimeException(ErrorCode.INVALID_PAYLOAD, "the data cannot be encoded", ex);
        }
    }

    @Override
    public JsonNode data(Payload payload) {
        try {
            return this.mapper.readTree(payload.bytes());
        } catch (JacksonException ex) {
            throw new RealtimeException(ErrorCode.INVALID_PAYLOAD, "the data cannot be decoded", ex);
        }
    }

    /** A raw line break in JSON stands between tokens, where any other blank does as well. */
    private static byte[] oneLine(byte[] json) {
        for (int i = 0; i < json.length; i++) {
            if (json[i] == '\n' || json[i] == '\r') {
                json[i] = ' ';
            }
        }
        return json;
    }

    @Override
    public Frame ping() {
        return this.ping;
    }

    @Override
    public Frame gap(RoutingKey key, GapReason reason) {
        return this.gaps.get(new Gap(key, reason), gap -> {
            if (key.kind() == RoutingKey.Kind.PRESENCE) {
                // No events were lost, and what was can be asked for.
                JsonBuffer json = new JsonBuffer(80).type("presence").field("room", key.id());
                return Frame.gap(json.field("resync", true).end(), key);
            }
            JsonBuffer json = new JsonBuffer(80).type("gap");
            address(json, key);
            return Frame.gap(json.field("reason", reason.wireName()).end(), key);
        });
    }

    /** The first frame of a connection. */
    Frame welcome(ConnectionId connection, String session, Identity identity, ProtocolSettings settings) {
        JsonBuffer json = new JsonBuffer(300)
                .type("welcome")
                .field("protocol", 1)
                .field("connection", connection.value())
                .field("session", session);
        String user = identity.user();
        if (user != null) {
            json.field("user", user);
        }
        return Frame.direct(json.open("heartbeat")
                .field("interval", settings.heartbeatInterval().toMillis())
                .field("timeout", settings.heartbeatTimeout().toMillis())
                .close()
                .open("reconnect")
                .field("min", settings.reconnectMin().toMillis())
                .field("max", settings.reconnectMax().toMillis())
                .close()
                .open("limits")
                .field("frameBytes", settings.maxFrameBytes())
                .field("rooms", settings.maxRooms())
                .close()
                .end());
    }

    /**
     * The answer to a join.
     *
     * @param join where the room was, and whether the client gets what it missed
     * @param state what the room's handler gave, or {@code null} for none
     * @param presence who is in the room, or {@code null} if that was not asked for
     */
    Frame joined(
            @Nullable Long id,
            RoutingKey room,
            RoomService.Join join,
            @Nullable Payload state,
            @Nullable RoomPresence presence) {
        JsonBuffer json = new JsonBuffer(200 + (state == null ? 0 : state.size()))
                .type("joined")
                .id(id)
                .field("room", room.id())
                .field("cursor", join.cursor().toString());
        boolean recovered = join.recovery() == Recovery.RECOVERED;
        json.field("recovered", recovered);
        if (recovered) {
            json.field("replay", join.missed().size());
        }
        if (state != null) {
            json.raw("state", state.bytes());
        }
        if (presence != null) {
            json.fields(snapshot(presence).bytes());
        }
        // Until the replay is over its reader is where it was.
        return Frame.joined(json.end(), room, join.from());
    }

    /** The answer to a join of the presence of a room alone. */
    Frame watching(@Nullable Long id, RoutingKey room, RoomPresence presence) {
        return Frame.direct(new JsonBuffer(200)
                .type("joined")
                .id(id)
                .field("room", room.id())
                .fields(snapshot(presence).bytes())
                .end());
    }

    @Override
    public Payload difference(PresenceChange change) {
        JsonBuffer json = new JsonBuffer(160).field("version", change.version());
        differences(json, change);
        return Payload.ofJson(json.field("count", change.count()).end());
    }

    private static void differences(JsonBuffer json, PresenceChange change) {
        if (!change.joined().isEmpty()) {
            members(json, "joined", change.joined());
        }
        if (!change.changed().isEmpty()) {
            members(json, "changed", change.changed());
        }
        if (!change.left().isEmpty()) {
            json.openArray("left");
            change.left().forEach(json::element);
            json.closeArray();
        }
    }

    @Override
    public Payload snapshot(RoomPresence presence) {
        JsonBuffer json = new JsonBuffer(80 + 40 * presence.members().size()).field("version", presence.version());
        if (presence.listed()) {
            members(json, "members", presence.members());
        }
        return Payload.ofJson(json.field("count", presence.count()).end());
    }

    private static void members(JsonBuffer json, String name, List<Member> members) {
        json.openArray(name);
        for (Member member : members) {
            json.open(null)
                    .field("user", member.user())
                    .field("state", member.state().wireName());
            Payload data = member.data();
            if (data != null) {
                json.raw("data", data.bytes());
            }
            json.close();
        }
        json.closeArray();
    }

    @Override
    public Payload encode(PresenceChange change) {
        JsonBuffer json = new JsonBuffer(200)
                .field("token", change.token())
                .field("version", change.version())
                .field("previous", change.previous())
                .field("count", change.count())
                .field("listed", change.listed());
        differences(json, change);
        return Payload.ofJson(json.end());
    }

    @Override
    public PresenceChange decode(RoutingKey room, Payload payload) {
        try {
            JsonNode json = this.mapper.readTree(payload.bytes());
            List<String> left = new ArrayList<>();
            if (!json.isObject()) {
                throw new IllegalArgumentException("a change is an object");
            }
            for (JsonNode name : json.path("left")) {
                left.add(user(name.stringValue()));
            }
            return new PresenceChange(
                    room,
                    json.required("token").longValue(),
                    json.required("version").longValue(),
                    json.required("previous").longValue(),
                    json.required("count").intValue(),
                    json.required("listed").booleanValue(),
                    members(json.path("joined")),
                    members(json.path("changed")),
                    left);
        } catch (RealtimeException | JacksonException ex) {
            throw new IllegalArgumentException("not a change of presence", ex);
        }
    }

    private List<Member> members(JsonNode json) {
        List<Member> members = new ArrayList<>();
        for (JsonNode member : json) {
            PresenceState state = PresenceState.of(member.required("state").stringValue());
            if (state == null || state == PresenceState.OFFLINE) {
                throw new IllegalArgumentException("a member is online or idle");
            }
            JsonNode data = member.get("data");
            if (data != null && !data.isObject()) {
                throw new IllegalArgumentException("what is told of a member is an object");
            }
            members.add(new Member(
                    user(member.required("user").stringValue()),
                    state,
                    data == null ? null : Payload.ofJson(oneLine(this.mapper.writeValueAsBytes(data)))));
        }
        return members;
    }

    /** The name of a user, as anybody may have it. */
    private static String user(String name) {
        return RoutingKey.user(name).id();
    }

    /** The answer to a leave. */
    Frame left(@Nullable Long id, RoutingKey room) {
        return Frame.direct(
                new JsonBuffer(80).type("left").field("room", room.id()).id(id).end());
    }

    /** The unasked end of a membership. */
    Frame evicted(RoutingKey room) {
        return Frame.direct(new JsonBuffer(100)
                .type("left")
                .field("room", room.id())
                .field("code", "evicted")
                .field("rejoin", false)
                .end());
    }

    /** The answer to a publish or an auth frame. */
    Frame ack(@Nullable Long id, @Nullable Payload data, @Nullable String eventId, @Nullable Cursor cursor) {
        JsonBuffer json = new JsonBuffer(120 + (data == null ? 0 : data.size()))
                .type("ack")
                .id(id);
        if (data != null) {
            json.raw("data", data.bytes());
        }
        if (eventId != null) {
            json.field("event", eventId);
        }
        if (cursor != null) {
            json.field("cursor", cursor.toString());
        }
        return Frame.direct(json.end());
    }

    /** The answer to a frame that failed. */
    Frame error(@Nullable Long id, @Nullable RoutingKey room, RealtimeException failure) {
        JsonBuffer json = new JsonBuffer(160).type("error").id(id);
        if (room != null) {
            json.field("room", room.id());
        }
        json.field("code", failure.code().wireName())
                .field("message", failure.clientMessage())
                .field("retryable", failure.retryable());
        Duration retryAfter = failure.retryAfter();
        if (retryAfter != null) {
            json.field("retryAfter", retryAfter.toMillis());
        }
        if (!failure.details().isEmpty()) {
            json.openArray("details");
            for (RealtimeException.Detail detail : failure.details()) {
                json.open(null)
                        .field("field", detail.field())
                        .field("message", detail.message())
                        .close();
            }
            json.closeArray();
        }
        return Frame.direct(json.end());
    }

    /** The announcement of a close; {@code reconnectAfter} counts from the close. */
    Frame goaway(GoawayReason reason, @Nullable Duration reconnectAfter) {
        return goaway(new JsonBuffer(80).type("goaway").field("reason", reason.wireName()), reconnectAfter);
    }

    /** The last frame of a stream that has no close code. */
    Frame goaway(CloseReason reason, @Nullable Duration reconnectAfter) {
        String name = reason.text().isEmpty() ? "closed" : reason.text().replace(' ', '-');
        JsonBuffer json =
                new JsonBuffer(80).type("goaway").field("reason", name).field("code", reason.code());
        return goaway(json, reconnectAfter);
    }

    private static Frame goaway(JsonBuffer json, @Nullable Duration reconnectAfter) {
        if (reconnectAfter != null) {
            json.field("reconnectAfter", reconnectAfter.toMillis());
        }
        return Frame.direct(json.end());
    }

    private static void address(JsonBuffer json, RoutingKey key) {
        switch (key.kind()) {
            case ROOM, PRESENCE -> json.field("room", key.id());
            case USER -> json.field("to", "user");
            case CHANNEL -> json.field("channel", key.id());
            case TOPIC -> json.field("topic", key.id());
        }
    }
}
