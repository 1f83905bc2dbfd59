package io.github.realtimespring.handler;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomLeft;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.room.LeaveReason;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.springframework.messaging.handler.annotation.Payload;

/** What most tests of handlers talk to. */
@RoomController("project:{projectId}")
class ProjectRoom {

    record Said(String text) {}

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record MessageCreated(long projectId, @Nullable String from, String text) {}

    @RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
    record Typing(String user) {}

    final List<String> heard = new CopyOnWriteArrayList<>();

    @RoomAccess
    boolean mayEnter(@RoomVariable long projectId, Principal user) {
        return projectId == 42 && !user.getName().equals("eve");
    }

    @RoomJoined
    Map<String, Object> joined(@RoomVariable("projectId") String id, Room room, JoinRequest request) {
        return Map.of("id", id, "room", room.id(), "pattern", request.pattern());
    }

    @RoomEvent("message.send")
    @Broadcast("message.created")
    @Nullable
    MessageCreated send(@RoomVariable long projectId, @Payload Said said, Principal user) {
        return said.text().isEmpty() ? null : new MessageCreated(projectId, user.getName(), said.text());
    }

    @RoomEvent("history.get")
    List<String> older(Said said, RealtimeConnection connection) {
        return List.of(said.text(), String.valueOf(connection.user()));
    }

    @RoomEvent("typing")
    void typing(Room room, Principal user) {
        room.others().send(new Typing(user.getName()));
    }

    @RoomEvent("kick")
    int kick(Room room, Said said) {
        return room.evict(said.text());
    }

    @RoomEvent("members")
    List<String> members(Room room) {
        return room.members().stream().map(member -> member.user()).toList();
    }

    @RoomLeft
    void left(@RoomVariable long projectId, Principal user, LeaveReason reason) {
        this.heard.add(projectId + " " + user.getName() + " " + reason);
    }
}
