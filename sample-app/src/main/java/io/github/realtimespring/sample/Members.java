package io.github.realtimespring.sample;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.presence.Member;
import java.util.List;

/** Who is in the room, by name. */
@RealtimeEvent(name = "members", delivery = Delivery.STANDARD)
record Members(List<String> members) {

    static Members of(Room room) {
        return new Members(room.members().stream().map(Member::user).toList());
    }
}
