package io.github.realtimespring.readme;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomVariable;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import java.security.Principal;
import org.jspecify.annotations.Nullable;

// region chat-room
@RoomController("chat:{room}")
class ChatRoom {

    @RoomAccess // asked before the membership exists
    boolean mayEnter(@RoomVariable String room, @Nullable Principal user) {
        return !room.startsWith("staff") || user != null;
    }

    @RoomEvent("message.send") // what a client publishes …
    @Broadcast // … goes to everybody in the room
    Message send(@Valid SendMessage command, @Nullable Principal user) {
        return new Message(user == null ? "somebody" : user.getName(), command.text());
    }
}

record SendMessage(@NotBlank String text) {}

@RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
record Message(String from, String text) {}
// endregion
