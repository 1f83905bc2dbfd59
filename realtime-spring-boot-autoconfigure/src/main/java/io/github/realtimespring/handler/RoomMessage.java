package io.github.realtimespring.handler;

import io.github.realtimespring.room.LeaveReason;
import java.security.Principal;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.messaging.Message;
import org.springframework.messaging.MessageHeaders;
import org.springframework.messaging.simp.SimpMessageHeaderAccessor;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/** One call as Spring's argument resolvers see it. Used by one thread. */
final class RoomMessage implements Message<JsonNode> {

    private final RoomCall call;
    private final @Nullable JsonNode data;
    private final @Nullable String event;
    private final @Nullable String eventId;
    private final @Nullable LeaveReason reason;
    private @Nullable MessageHeaders headers;

    private RoomMessage(
            RoomCall call,
            @Nullable JsonNode data,
            @Nullable String event,
            @Nullable String eventId,
            @Nullable LeaveReason reason) {
        this.call = call;
        this.data = data;
        this.event = event;
        this.eventId = eventId;
        this.reason = reason;
    }

    static RoomMessage join(RoomCall call) {
        return new RoomMessage(call, call.joinData(), null, null, null);
    }

    static RoomMessage event(RoomCall call, String event, JsonNode data, @Nullable String eventId) {
        return new RoomMessage(call, data, event, eventId, null);
    }

    static RoomMessage leave(RoomCall call, LeaveReason reason) {
        return new RoomMessage(call, null, null, null, reason);
    }

    RoomCall call() {
        return this.call;
    }

    @Nullable
    LeaveReason reason() {
        return this.reason;
    }

    JoinRequest joinRequest() {
        return new JoinRequest(
                this.call.connection(),
                this.call.key().id(),
                this.call.match().pattern(),
                this.call.match().variables(),
                this.call.joinData());
    }

    @Override
    public JsonNode getPayload() {
        return this.data == null ? MissingNode.getInstance() : this.data;
    }

    /** {@code room}, {@code pattern}, {@code event}, {@code eventId}, {@code connection} and Spring's {@code simpUser}. */
    @Override
    public MessageHeaders getHeaders() {
        MessageHeaders headers = this.headers;
        if (headers == null) {
            Map<String, Object> values = new HashMap<>();
            values.put("room", this.call.key().id());
            values.put("pattern", this.call.match().pattern());
            values.put("connection", this.call.connection().id().value());
            if (this.event != null) {
                values.put("event", this.event);
            }
            if (this.eventId != null) {
                values.put("eventId", this.eventId);
            }
            Principal principal = this.call.connection().principal();
            if (principal != null) {
                values.put(SimpMessageHeaderAccessor.USER_HEADER, principal);
            }
            headers = new MessageHeaders(values);
            this.headers = headers;
        }
        return headers;
    }
}
