package io.github.realtimespring.sample;

import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomVariable;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Size;
import java.security.Principal;
import java.time.Instant;
import java.util.UUID;
import org.springframework.core.env.Environment;

/** The chat of one project. */
@RoomController("project:{projectId}")
class ProjectRoom {

    record SendMessage(@NotBlank @Size(max = 4000) String text) {}

    record PostNotice(@NotBlank @Size(max = 500) String text) {}

    record RequestApproval(@NotBlank @Size(max = 200) String title) {}

    record DecideApproval(@NotBlank String id, @NotNull Approval.Decision decision) {}

    /** The answer to the author of a message. */
    record Sent(String id, Receipt receipt) {}

    private final ProjectService projects;
    private final MessageRepository messages;
    private final ApprovalRepository approvals;
    private final Environment environment;

    ProjectRoom(
            ProjectService projects,
            MessageRepository messages,
            ApprovalRepository approvals,
            Environment environment) {
        this.projects = projects;
        this.messages = messages;
        this.approvals = approvals;
        this.environment = environment;
    }

    @RoomAccess
    boolean mayEnter(@RoomVariable long projectId, Principal user) {
        return this.projects.isMember(projectId, user.getName());
    }

    @RoomJoined
    ProjectState joined(@RoomVariable long projectId, Principal user) {
        return new ProjectState(
                this.projects.project(projectId),
                user.getName(),
                ServedBy.thisProcess(this.environment),
                this.messages.latest(projectId),
                this.approvals.all(projectId));
    }

    /** Sends the message itself, because its author wants to see the receipt. */
    @RoomEvent("message.send")
    Sent send(@RoomVariable long projectId, @Valid SendMessage command, Room room, Principal user) {
        Message message = this.messages.save(projectId, user.getName(), command.text());
        return new Sent(message.id(), Receipt.of(room.send(message)));
    }

    @RoomEvent("typing")
    void typing(Room room, Principal user) {
        room.others().sendAsync(new Typing(user.getName()));
    }

    @RoomEvent("notice.post")
    @Broadcast
    Notice post(@Valid PostNotice command, Principal user) {
        return new Notice(UUID.randomUUID().toString(), user.getName(), command.text(), Instant.now());
    }

    @RoomEvent("approval.request")
    @Broadcast
    Approval.Requested request(@RoomVariable long projectId, @Valid RequestApproval command, Principal user) {
        Approval approval = this.approvals.request(projectId, command.title(), user.getName());
        return new Approval.Requested(approval.id(), approval.title(), approval.from());
    }

    @RoomEvent("approval.decide")
    @Broadcast
    Approval.Decided decide(@RoomVariable long projectId, @Valid DecideApproval command, Principal user) {
        this.approvals.decide(projectId, command.id(), command.decision(), user.getName());
        return new Approval.Decided(command.id(), command.decision(), user.getName());
    }
}
