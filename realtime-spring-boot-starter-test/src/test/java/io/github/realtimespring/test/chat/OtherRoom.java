package io.github.realtimespring.test.chat;

import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import java.security.Principal;

@RoomController(value = "other:{id}", open = true)
class OtherRoom {

    @RoomEvent("echo")
    @Broadcast("echoed")
    String echo(String text, Principal user) {
        return user.getName() + ": " + text;
    }
}
