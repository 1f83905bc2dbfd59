package io.github.realtimespring.test.chat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomLeft;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.room.LeaveReason;
import jakarta.validation.Valid;
import java.security.Principal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.springframework.security.core.Authentication;

@RoomController("project:{projectId}")
class ProjectRoom {

    @RealtimeEvent(name = "typing")
    record Typing(String user) {}

    @RealtimeEvent(name = "gone")
    record Gone(String user, LeaveReason reason) {}

    @RealtimeEvent(name = "approved", delivery = Delivery.CRITICAL)
    record Approved(int task) {}

    record Size(int members) {}

    private final ProjectService projects;

    ProjectRoom(ProjectService projects) {
        this.projects = projects;
    }

    @RoomAccess
    boolean mayEnter(@RoomVariable long projectId, Principal user) {
        return this.projects.isMember(projectId, user.getName());
    }

    @RoomJoined
    ProjectState joined(@RoomVariable long projectId) {
        return new ProjectState(this.projects.name(projectId));
    }

    @RoomEvent("message.send")
    @Broadcast("message.created")
    Message send(@RoomVariable long projectId, @Valid SendMessage command, Principal user) {
        return new Message(projectId, user.getName(), command.text());
    }

    @RoomEvent("typing")
    void typing(Room room, Principal user) {
        room.others().sendAsync(new Typing(user.getName()));
    }

    @RoomEvent("size")
    Size size(Room room) {
        return new Size(room.members().size());
    }

    @RoomEvent("who")
    String who(Authentication user) {
        return user.getName() + " " + user.getAuthorities().iterator().next().getAuthority();
    }

    /** Broadcasts and answers a while later. */
    @RoomEvent("later")
    CompletionStage<Size> later(Room room) {
        return CompletableFuture.supplyAsync(
                        () -> "later", CompletableFuture.delayedExecutor(100, TimeUnit.MILLISECONDS))
                .thenCompose(name -> room.sendAsync(name, new Size(1)))
                .thenApply(receipt -> new Size(receipt.local().members()));
    }

    @RoomLeft
    void left(Room room, Principal user, LeaveReason reason) {
        room.sendAsync(new Gone(user.getName(), reason));
    }
}
