package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.handler.ProjectRoom.Said;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import tools.jackson.databind.JsonNode;

/** Events of a room: which method handles them, what the caller is answered and what the others get. */
class RoomHandlersTests {

    private @Nullable HandlerFixture fixture;

    private HandlerFixture start(Class<?>... classes) {
        this.fixture = new HandlerFixture(classes).start();
        return this.fixture;
    }

    @AfterEach
    void close() {
        if (this.fixture != null) {
            this.fixture.close();
        }
    }

    @Test
    void aRoomOfNoPatternHasNoMatch() {
        assertThat(start(ProjectRoom.class).handlers().match("team:42")).isNull();
    }

    @Test
    void aReplyGoesToTheCallerOnly() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        HandlerFixture.Client bob = app.connect("bob").in("project:42");

        Reply reply = await(alice.publish("project:42", "history.get", new Said("all")));

        assertThat(reply).isEqualTo(new Reply(List.of("all", "alice"), null, null));
        assertThat(alice.events()).isEmpty();
        assertThat(bob.events()).isEmpty();
    }

    @Test
    void aBroadcastGoesToTheRoomAndTheReplyHasIdAndCursor() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        HandlerFixture.Client bob = app.connect("bob").in("project:42");

        Reply reply = await(alice.publish("project:42", "message.send", new Said("hi")));

        assertThat(reply.data()).isNull();
        assertThat(reply.cursor()).isNotNull();
        await().untilAsserted(() -> {
            for (HandlerFixture.Client client : List.of(alice, bob)) {
                assertThat(client.events()).hasSize(1);
                JsonNode event = client.events().get(0);
                assertThat(event.get("event").asString()).isEqualTo("message.created");
                assertThat(event.get("id").asString()).isEqualTo(reply.eventId());
                assertThat(event.get("cursor").asString()).isEqualTo(String.valueOf(reply.cursor()));
                assertThat(event.get("data").toString())
                        .isEqualTo("{\"projectId\":42,\"from\":\"alice\",\"text\":\"hi\"}");
            }
        });
    }

    @Test
    void broadcastingNothingSendsNothingAndIsAcknowledged() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");

        assertThat(await(alice.publish("project:42", "message.send", new Said(""))))
                .isEqualTo(Reply.EMPTY);
        assertThat(alice.events()).isEmpty();
    }

    @Test
    void aRepeatWithTheSameEventIdIsBroadcastOnce() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");

        Reply first = await(alice.publish("project:42", "message.send", new Said("hi"), "key-1"));
        Reply second = await(alice.publish("project:42", "message.send", new Said("hi"), "key-1"));

        assertThat(second).isEqualTo(first);
        assertThat(first.eventId()).isEqualTo("key-1");
        await().untilAsserted(() -> assertThat(alice.events()).hasSize(1));
    }

    @Test
    void aBroadcastThatTheBackplaneRefusesIsUnavailable() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        app.backplane.writable = false;

        RealtimeException refused = refusal(alice.publish("project:42", "message.send", new Said("hi")));

        assertThat(refused.code()).isEqualTo(ErrorCode.UNAVAILABLE);
        assertThat(refused.retryable()).isTrue();
        assertThat(alice.events()).isEmpty();
    }

    @Test
    void aBroadcastOfUnknownFateIsATimeoutThatMayBeRepeated() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        app.backplane.silent = true;

        RealtimeException refused = refusal(alice.publish("project:42", "message.send", new Said("hi")));

        assertThat(refused.code()).isEqualTo(ErrorCode.TIMEOUT);
        assertThat(refused.retryable()).isTrue();
    }

    @Test
    void othersAreAllMembersButTheCaller() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        HandlerFixture.Client bob = app.connect("bob").in("project:42");

        assertThat(await(alice.publish("project:42", "typing", null))).isEqualTo(Reply.EMPTY);

        await().untilAsserted(() -> assertThat(bob.events()).hasSize(1));
        assertThat(alice.events()).isEmpty();
    }

    @Test
    void aRoomKnowsItsMembersAndEvictsThem() {
        HandlerFixture app = start(ProjectRoom.class);
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        app.connect("bob").in("project:42");
        app.connect("bob").in("project:42");

        assertThat(await(alice.publish("project:42", "members", null)).data()).isEqualTo(List.of("alice", "bob"));
        assertThat(await(alice.publish("project:42", "kick", new Said("bob"))).data())
                .isEqualTo(2);
        assertThat(await(alice.publish("project:42", "members", null)).data()).isEqualTo(List.of("alice"));
    }

    @Test
    void anEventThatNobodyHandlesIsNotFound() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(refusal(app.connect("alice").publish("project:42", "message.delete", null))
                        .code())
                .isEqualTo(ErrorCode.NOT_FOUND);
    }

    @RoomController(value = "{kind}:42", open = true)
    static class AnyRoom {
        @RoomEvent("who")
        String who() {
            return "any";
        }
    }

    @RoomController(value = "project:42", open = true)
    static class TheRoom {
        @RoomEvent("who")
        String who() {
            return "the";
        }
    }

    @Test
    void theMostSpecificPatternServesTheRoom() {
        HandlerFixture app = start(ProjectRoom.class, AnyRoom.class, TheRoom.class);

        assertThat(app.handlers().match("project:42").pattern()).isEqualTo("project:42");
        assertThat(app.handlers().match("project:43").pattern()).isEqualTo("project:{projectId}");
        assertThat(app.handlers().match("team:42").pattern()).isEqualTo("{kind}:42");
        assertThat(app.handlers().match("team:42").variables()).isEqualTo(Map.of("kind", "team"));
        assertThat(await(app.connect("a").publish("project:42", "who", null)).data())
                .isEqualTo("the");
    }

    @Configuration(proxyBeanMethods = false)
    static class SingleHandlers {

        @Bean
        RoomAccessRule teamMembers() {
            return RoomAccessRule.of("team:{team}", request -> {
                if (request.variables().get("team").equals("closed")) {
                    throw RoomError.of(ErrorCode.UNAVAILABLE, "closed for today");
                }
                return "alice".equals(request.connection().user());
            });
        }

        @RoomEvent(value = "ping", room = "team:{team}")
        String ping(@RoomVariable String team) {
            return "pong " + team;
        }
    }

    @Test
    void aSingleMethodOnAnyBeanHandlesAnEventAndARuleBeanDecidesAccess() {
        HandlerFixture app = start(SingleHandlers.class);

        assertThat(await(app.connect("alice").publish("team:red", "ping", null)).data())
                .isEqualTo("pong red");
        await(app.handlers().authorize(app.connect("alice").call("team:red")));
        assertThat(refusal(app.handlers().authorize(app.connect("bob").call("team:red")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(refusal(app.handlers().authorize(app.connect("alice").call("team:closed")))
                        .clientMessage())
                .isEqualTo("closed for today");
    }

    @Test
    void everyHandlerIsDescribed() {
        HandlerFixture app = start(ProjectRoom.class, SingleHandlers.class);

        assertThat(app.handlers().patterns()).containsExactly("project:{projectId}", "team:{team}");
        assertThat(app.handlers().describe())
                .contains(
                        new HandlerDescription(
                                "project:{projectId}",
                                "event",
                                "message.send",
                                "ProjectRoom.send",
                                "Said",
                                "ProjectRoom.mayEnter",
                                "message.created",
                                "recoverable"),
                        new HandlerDescription(
                                "project:{projectId}",
                                "left",
                                null,
                                "ProjectRoom.left",
                                null,
                                "ProjectRoom.mayEnter",
                                null,
                                null));
        assertThat(app.handlers().declaredEvents()).contains("message.send", "message.created", "ping");
    }

    @Test
    void aListenerHearsOfEveryCallAndItsOutcome() {
        List<String> heard = new CopyOnWriteArrayList<>();
        HandlerListener listener = (handler, call) -> {
            heard.add("start " + handler.method() + " " + handler.pattern());
            return (failure, cause) ->
                    heard.add("end " + (failure == null ? "ok" : failure.code().wireName()));
        };
        this.fixture = new HandlerFixture(ProjectRoom.class).listener(listener).start();

        await(this.fixture.connect("alice").publish("project:42", "history.get", new Said("x")));
        refusal(this.fixture.connect("alice").publish("project:42", "history.get", null));

        assertThat(heard)
                .containsExactly(
                        "start ProjectRoom.older project:{projectId}",
                        "end ok",
                        "start ProjectRoom.older project:{projectId}",
                        "end invalid-payload");
    }
}
