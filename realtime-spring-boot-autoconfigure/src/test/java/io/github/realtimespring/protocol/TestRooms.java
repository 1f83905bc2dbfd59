package io.github.realtimespring.protocol;

import io.github.realtimespring.handler.RealtimeConnection;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Function;
import java.util.function.Supplier;
import org.springframework.messaging.handler.annotation.Payload;

/** Rooms {@code project:…} whose handlers do what a test says, and tell what they were called for. */
@RoomController("project:{projectId}")
class TestRooms {

    final List<String> calls = new CopyOnWriteArrayList<>();
    volatile Function<String, CompletionStage<Boolean>> access = id -> CompletableFuture.completedFuture(true);
    volatile Function<String, CompletionStage<Object>> joined =
            id -> CompletableFuture.completedFuture("state of " + id);
    volatile Function<Message, CompletionStage<Message>> sending = CompletableFuture::completedFuture;
    volatile Function<Object, CompletionStage<Object>> asking = CompletableFuture::completedFuture;
    volatile Supplier<CompletionStage<Void>> left = () -> CompletableFuture.completedFuture(null);

    @RealtimeEvent(name = "message.created", delivery = io.github.realtimespring.Delivery.RECOVERABLE)
    record Message(String text) {}

    @RoomAccess
    CompletionStage<Boolean> mayEnter(@RoomVariable String projectId) {
        return this.access.apply(projectId);
    }

    @RoomJoined
    CompletionStage<Object> joined(@RoomVariable String projectId, RealtimeConnection connection) {
        this.calls.add("joined " + projectId);
        return this.joined.apply(projectId);
    }

    @RoomEvent("message.send")
    @Broadcast("message.created")
    CompletionStage<Message> send(@Payload Message message) {
        this.calls.add("send " + message.text());
        return this.sending.apply(message);
    }

    @RoomEvent("ask")
    CompletionStage<Object> ask(@Payload Object question) {
        this.calls.add("ask " + question);
        return this.asking.apply(question);
    }

    @RoomEvent("who")
    String who(Principal principal) {
        return principal == null ? "nobody" : principal.getClass().getSimpleName();
    }

    /** Rooms {@code board:…}, in which events without history are broadcast too. */
    @RoomController(value = "board:{id}", open = true)
    static class Boards {

        @RoomEvent("message.send")
        @Broadcast("message.created")
        Message send(@Payload Message message) {
            return message;
        }

        @RoomEvent("note")
        @Broadcast("noted")
        String note(@Payload String text) {
            return text;
        }
    }

    @RoomLeft
    CompletionStage<Void> left(@RoomVariable String projectId, LeaveReason reason) {
        this.calls.add("left " + projectId + " " + reason);
        return this.left.get();
    }
}
