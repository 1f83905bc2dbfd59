package io.github.realtimespring.scenario;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.RoomStream;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.security.Principal;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** Rooms for the transports over HTTP, and a controller of the application's own beside them. */
@Configuration(proxyBeanMethods = false)
@Import({HttpProjects.Projects.class, HttpProjects.Pages.class})
public class HttpProjects {

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message(String from, String text) {}

    record Say(String text) {}

    @RoomController("project:{projectId}")
    static class Projects {

        final AtomicInteger said = new AtomicInteger();

        @RoomAccess
        boolean mayEnter(@RoomVariable String projectId, @Nullable Principal user) {
            return !projectId.equals("secret") || user != null && user.getName().equals("alice");
        }

        @RoomEvent("message.send")
        @Broadcast
        Message say(Say say, @Nullable Principal user) {
            this.said.incrementAndGet();
            return new Message(user == null ? "somebody" : user.getName(), say.text());
        }

        @RoomEvent("typing")
        void typing(Room room) {
            room.others().send("typing", Map.of());
        }

        @RoomEvent("echo")
        Object echo(Map<String, Object> data) {
            return data;
        }

        @RoomEvent("never")
        CompletableFuture<String> never() {
            return new CompletableFuture<>();
        }

        @RoomEvent("fail")
        void fail() {
            throw new IllegalStateException("secret detail");
        }
    }

    @RestController
    static class Pages {

        private final RealtimeTemplate realtime;

        Pages(RealtimeTemplate realtime) {
            this.realtime = realtime;
        }

        // region room-stream
        @GetMapping(path = "/events/projects/{id}", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
        RoomStream events(@PathVariable String id) {
            return RoomStream.of("project:{projectId}", id);
        }
        // endregion

        // region self
        @PostMapping("/projects/{id}/tasks")
        CompletionStage<Void> create(@PathVariable String id, @Nullable ConnectionId self) {
            return this.realtime
                    .room("project:{projectId}", id)
                    .except(self)
                    .sendAsync("task.created", Map.of())
                    .thenAccept(receipt -> {});
        }
        // endregion
    }
}
