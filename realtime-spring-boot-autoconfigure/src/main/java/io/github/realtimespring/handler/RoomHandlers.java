package io.github.realtimespring.handler;

import io.github.realtimespring.room.LeaveReason;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import tools.jackson.databind.JsonNode;

/** Signatures; the rest follows. */
public final class RoomHandlers implements SmartInitializingSingleton {

    public RoomHandlers(
            ListableBeanFactory beans,
            RealtimeTemplate template,
            List<RoomAccessRule> rules,
            HandlerSettings settings,
            HandlerListener listener) {}

    @Override
    public void afterSingletonsInstantiated() {}

    /** The most specific pattern that matches a room's name; {@code null} if none does: not-found. */
    public @Nullable RoomMatch match(String room) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<@Nullable Void> authorize(RoomCall call) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<@Nullable Object> joined(RoomCall call) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<Reply> event(RoomCall call, String event, JsonNode data, @Nullable String eventId) {
        throw new UnsupportedOperationException();
    }

    public CompletionStage<@Nullable Void> left(RoomCall call, LeaveReason reason) {
        throw new UnsupportedOperationException();
    }

    /** Patterns in the order in which they are tried. */
    public List<String> patterns() {
        throw new UnsupportedOperationException();
    }

    /** Names of events that handlers take or broadcast: what meters may be tagged with. */
    public Set<String> declaredEvents() {
        throw new UnsupportedOperationException();
    }

    public List<HandlerDescription> describe() {
        throw new UnsupportedOperationException();
    }
}
