package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.BroadcastTo;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomLeft;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.room.LeaveReason;
import jakarta.validation.Valid;
import jakarta.validation.constraints.NotBlank;
import java.security.Principal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.MessageExceptionHandler;
import org.springframework.stereotype.Component;
import org.springframework.validation.beanvalidation.LocalValidatorFactoryBean;

/** What {@code docs/handlers.md} shows, and that it does what the page says. */
class HandlersPageTests {

    // region project-room
    @RoomController("project:{projectId}")
    static class ProjectRoom {

        private final Projects projects;

        ProjectRoom(Projects projects) {
            this.projects = projects;
        }

        @RoomAccess // before the membership exists; false answers "forbidden"
        boolean mayEnter(@RoomVariable long projectId, Principal user) {
            return this.projects.isMember(projectId, user.getName());
        }

        @RoomJoined // after the membership exists; the value is joined.state
        ProjectState joined(@RoomVariable long projectId) {
            return this.projects.state(projectId);
        }

        @RoomEvent("message.send") // what a client publishes
        @Broadcast // the value goes to the room, the caller's ack has its id and cursor
        Message send(@RoomVariable long projectId, @Valid SendMessage command, Principal user) {
            return this.projects.save(new Message(projectId, user.getName(), command.text()));
        }

        @RoomEvent("history.get") // no @Broadcast: the value is the reply, to the caller only
        List<Message> older(@RoomVariable long projectId, HistoryRequest request) {
            return this.projects.messages(projectId, request.limit());
        }

        @RoomEvent("typing") // nothing returned: an empty ack
        void typing(Room room, Principal user) {
            room.others().send(new Typing(user.getName()));
        }

        @RoomLeft
        void left(@RoomVariable long projectId, Principal user, LeaveReason reason) {
            this.projects.seen(projectId, user.getName(), reason);
        }

        @MessageExceptionHandler
        RoomError archived(ProjectArchivedException ex) {
            return RoomError.conflict(ex.getMessage());
        }
    }

    record SendMessage(@NotBlank String text) {}

    record HistoryRequest(int limit) {}

    record ProjectState(String name, int messages) {}

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message(long projectId, String from, String text) {}

    @RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
    record Typing(String user) {}
    // endregion

    // region single
    @Component
    static class Polls {

        @RoomEvent(value = "poll.vote", room = "poll:{pollId}")
        @Broadcast("poll.changed")
        Map<String, Integer> vote(@RoomVariable String pollId, Vote vote) {
            return Map.of(vote.option(), 1);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class PollAccess {

        @Bean
        RoomAccessRule pollMembers() {
            return RoomAccessRule.of(
                    "poll:{pollId}", request -> request.connection().user() != null);
        }
    }
    // endregion

    record Vote(String option) {}

    @Component
    static class Tasks {

        private final RealtimeTemplate realtime;

        Tasks(RealtimeTemplate realtime) {
            this.realtime = realtime;
        }

        // region template
        void taskDone(long projectId, long taskId, ConnectionId self) {
            PublishReceipt receipt = this.realtime
                    .room("project:{projectId}", projectId)
                    .except(self)
                    .send(new TaskDone(taskId));
            if (receipt.backplane() == BackplaneOutcome.REJECTED) {
                throw new IllegalStateException("nobody got it: " + receipt.local());
            }
        }

        void removeMember(long projectId, String user) {
            this.realtime.room("project:{projectId}", projectId).evict(user);
            this.realtime.user(user).send("notice", Map.of("text", "You left the project."));
        }
        // endregion
    }

    @RealtimeEvent(name = "task.done", delivery = Delivery.RECOVERABLE)
    record TaskDone(long taskId) {}

    // region broadcast-to
    @BroadcastTo("project:{projectId}") // variables are properties of the event
    @RealtimeEvent(name = "task.completed", delivery = Delivery.RECOVERABLE)
    record TaskCompleted(long projectId, long taskId) {}

    @Component
    static class TaskService {

        private final ApplicationEventPublisher events;

        TaskService(ApplicationEventPublisher events) {
            this.events = events;
        }

        void complete(long projectId, long taskId) { // usually @Transactional
            this.events.publishEvent(new TaskCompleted(projectId, taskId));
        }
    }
    // endregion

    static class ProjectArchivedException extends RuntimeException {
        ProjectArchivedException(String message) {
            super(message);
        }
    }

    @Component
    static class Projects {

        final List<Object> heard = new CopyOnWriteArrayList<>();

        boolean isMember(long projectId, String user) {
            return projectId == 42 && !user.equals("eve");
        }

        ProjectState state(long projectId) {
            return new ProjectState("Apollo " + projectId, 3);
        }

        Message save(Message message) {
            if (message.text().equals("too late")) {
                throw new ProjectArchivedException("The project is archived.");
            }
            return message;
        }

        List<Message> messages(long projectId, int limit) {
            return List.of(new Message(projectId, "bob", "hello")).subList(0, limit);
        }

        void seen(long projectId, String user, LeaveReason reason) {
            this.heard.add(List.of(projectId, user, reason));
        }
    }

    private final LocalValidatorFactoryBean validator = new LocalValidatorFactoryBean();
    private HandlerFixture app;
    private HandlerFixture.Client alice;
    private HandlerFixture.Client bob;

    @BeforeEach
    void start() {
        this.validator.afterPropertiesSet();
        this.app = new HandlerFixture(
                        ProjectRoom.class,
                        Projects.class,
                        Polls.class,
                        PollAccess.class,
                        Tasks.class,
                        TaskService.class)
                .validator(this.validator)
                .start();
        this.alice = this.app.connect("alice").in("project:42");
        this.bob = this.app.connect("bob").in("project:42");
    }

    @AfterEach
    void close() {
        this.app.close();
        this.validator.destroy();
    }

    @Test
    void theProjectRoomDoesWhatThePageSays() {
        await(this.app.handlers().authorize(this.alice.call("project:42")));
        assertThat(refusal(this.app.handlers().authorize(this.app.connect("eve").call("project:42")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(await(this.app.handlers().joined(this.alice.call("project:42"))))
                .isEqualTo(new ProjectState("Apollo 42", 3));
        Reply sent = await(this.alice.publish("project:42", "message.send", new SendMessage("hi")));
        assertThat(sent.cursor()).isNotNull();
        await().untilAsserted(() -> assertThat(this.bob.events()).hasSize(1));
        assertThat(refusal(this.alice.publish("project:42", "message.send", new SendMessage("")))
                        .details())
                .extracting(detail -> detail.field())
                .containsExactly("text");
        assertThat(refusal(this.alice.publish("project:42", "message.send", new SendMessage("too late")))
                        .clientMessage())
                .isEqualTo("The project is archived.");
        assertThat(await(this.alice.publish("project:42", "history.get", new HistoryRequest(1)))
                        .data())
                .asList()
                .hasSize(1);
        assertThat(await(this.alice.publish("project:42", "typing", null))).isEqualTo(Reply.EMPTY);
        await(this.app.handlers().left(this.alice.call("project:42"), LeaveReason.CLIENT));
        assertThat(this.app.context.getBean(Projects.class).heard)
                .containsExactly(List.of(42L, "alice", LeaveReason.CLIENT));
    }

    @Test
    void singleMethodsAndRulesWorkTogether() {
        HandlerFixture.Client voter = this.app.connect("carol").in("poll:7");

        await(this.app.handlers().authorize(voter.call("poll:7")));
        await(voter.publish("poll:7", "poll.vote", new Vote("yes")));

        await().untilAsserted(() -> assertThat(voter.events())
                .singleElement()
                .satisfies(event -> assertThat(event.get("event").asString()).isEqualTo("poll.changed")));
    }

    @Test
    void theTemplateSendsAndEvicts() {
        Tasks tasks = this.app.context.getBean(Tasks.class);

        tasks.taskDone(42, 7, this.alice.connection.id());
        await().untilAsserted(() -> assertThat(this.bob.events()).hasSize(1));
        assertThat(this.alice.events()).isEmpty();
        tasks.removeMember(42, "bob");
        await().untilAsserted(() -> assertThat(this.bob.events()).hasSize(2));
        assertThat(this.app.template.room("project:42").members()).hasSize(1);
    }

    @Test
    void aDomainEventReachesItsRoom() {
        this.app.context.getBean(TaskService.class).complete(42, 7);

        await().untilAsserted(() -> assertThat(this.alice.events()).hasSize(1));
    }
}
