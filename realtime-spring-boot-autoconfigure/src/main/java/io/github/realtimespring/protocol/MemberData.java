package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.handler.RoomCall;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** What is told of a member, checked before it is joined. Thread-safe. */
final class MemberData {

    private final @Nullable PresenceCustomizer customizer;
    private final JsonFrames frames;
    private final int maxBytes;

    MemberData(@Nullable PresenceCustomizer customizer, JsonFrames frames, int maxBytes) {
        this.customizer = customizer;
        this.frames = frames;
        this.maxBytes = maxBytes;
    }

    /**
     * Asks the application.
     *
     * @throws RealtimeException to refuse the join
     */
    @Nullable
    Payload of(RoomCall call) {
        Object data =
                this.customizer == null ? null : this.customizer.data(call.connection(), call.key(), call.joinData());
        if (data == null) {
            return null;
        }
        Payload payload = this.frames.payload(data);
        if (payload.size() > this.maxBytes) {
            throw new RealtimeException(
                    ErrorCode.TOO_LARGE, "what is told of a member has at most " + this.maxBytes + " bytes");
        }
        JsonNode json = this.frames.data(payload);
        if (!json.isObject() || hasProto(json)) {
            throw new RealtimeException(ErrorCode.INVALID_PAYLOAD, "what is told of a member is a JSON object");
        }
        return payload;
    }

    private static boolean hasProto(JsonNode node) {
        if (node.has("__proto__")) {
            return true;
        }
        for (JsonNode child : node) {
            if (hasProto(child)) {
                return true;
            }
        }
        return false;
    }
}
