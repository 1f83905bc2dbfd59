package io.github.realtimespring.test.cluster;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;

@RoomController(value = "board:{boardId}", open = true)
class BoardRoom {

    @RealtimeEvent(name = "card.added", delivery = Delivery.RECOVERABLE)
    record Card(String title) {}

    @RealtimeEvent(name = "pointed")
    record Pointed(String at) {}

    @RealtimeEvent(name = "notice")
    record Notice(String text) {}

    @RoomEvent("card.add")
    @Broadcast("card.added")
    Card add(Card card) {
        return card;
    }

    @RoomEvent("point")
    void point(Room room, Pointed pointed) {
        room.sendAsync(pointed);
    }
}
