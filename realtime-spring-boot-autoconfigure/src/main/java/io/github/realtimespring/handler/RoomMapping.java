package io.github.realtimespring.handler;

import io.github.realtimespring.Delivery;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What is there for the rooms of one pattern.
 *
 * @param broadcasts the classes of the events that its methods broadcast
 * @param security the {@code @RoomJoined} method whose method security decides about joins too
 */
record RoomMapping(
        RoomPattern pattern,
        List<RoomAccessRule> rules,
        List<RoomMethod> access,
        @Nullable RoomMethod security,
        @Nullable RoomMethod joined,
        Map<String, EventMethod> events,
        @Nullable RoomMethod left,
        Set<Delivery> broadcasts,
        List<HandlerDescription> descriptions) {

    /**
     * A method for an inbound event.
     *
     * @param broadcast whether its value goes to the room
     * @param event the name of the event that is sent; {@code null} for the one that the value's type declares
     */
    record EventMethod(
            RoomMethod method, boolean broadcast, @Nullable String event) {}
}
