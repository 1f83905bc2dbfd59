package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;

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

    record Said(String text) {}

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message1(long projectId, @Nullable String from, String text) {}

    @RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
    record Typing(String user) {}

    @RoomController("project:{projectId}")
    static class ProjectRoom {

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
        Message1 send(@RoomVariable long projectId, @Payload Said said, Principal user) {
            return said.text().isEmpty() ? null : new Message1(projectId, user.getName(), said.text());
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

    @Test
    void aRoomOfNoPatternHasNoMatch() {
        assertThat(start(ProjectRoom.class).handlers().match("team:42")).isNull();
    }

    @Test
    void theAccessMethodDecidesWhoMayJoin() {
        HandlerFixture app = start(ProjectRoom.class);

        await(app.handlers().authorize(app.connect("alice").call("project:42")));
        assertThat(refusal(app.handlers().authorize(app.connect("eve").call("project:42")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(refusal(app.handlers().authorize(app.connect("alice").call("project:43")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
    }

    @Test
    void anAnonymousClientIsUnauthorizedWhereAUserIsNeeded() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(refusal(app.handlers().authorize(app.connect((String) null).call("project:42")))
                        .code())
                .isEqualTo(ErrorCode.UNAUTHORIZED);
    }

    @Test
    void theStateOfAJoinIsTheValueOfTheJoinedMethod() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(await(app.handlers().joined(app.connect("alice").call("project:42"))))
                .isEqualTo(Map.of("id", "42", "room", "project:42", "pattern", "project:{projectId}"));
    }

    @Test
    void aVariableThatCannotBeConvertedIsTheClientsFault() {
        HandlerFixture app = start(ProjectRoom.class);

        RealtimeException refused =
                refusal(app.handlers().authorize(app.connect("alice").call("project:x")));

        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD);
        assertThat(refused.details())
                .extracting(RealtimeException.Detail::field)
                .containsExactly("projectId");
        assertThat(refused.clientMessage() + refused.details()).doesNotContain("long", "String", "springframework");
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
    void theLeftMethodHearsWhoLeftAndWhy() {
        HandlerFixture app = start(ProjectRoom.class);

        await(app.handlers().left(app.connect("alice").call("project:42"), LeaveReason.KICKED));

        assertThat(app.context.getBean(ProjectRoom.class).heard).containsExactly("42 alice KICKED");
    }

    @RoomController(value = "failing:{id}", open = true)
    static class FailingJoin {
        @RoomJoined
        void joined() {
            throw RoomError.conflict("not now");
        }
    }

    @Test
    void theApplicationHearsWhoJoinedAndWhoLeft() {
        HandlerFixture app = start(ProjectRoom.class, FailingJoin.class);
        HandlerFixture.Client alice = app.connect("alice");
        RoomCall call = alice.call("project:42");

        await(app.handlers().joined(call));
        assertThat(refusal(app.handlers().joined(alice.call("failing:1"))).clientMessage())
                .isEqualTo("not now");
        await(app.handlers().left(call, LeaveReason.CLOSED));

        assertThat(app.published)
                .containsExactly(
                        new RoomJoinedEvent(alice.connection, call.key(), "project:{projectId}"),
                        new RoomLeftEvent(alice.connection, call.key(), "project:{projectId}", LeaveReason.CLOSED));
    }

    @Test
    void anEventThatNobodyHandlesIsNotFound() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(refusal(app.connect("alice").publish("project:42", "message.delete", null))
                        .code())
                .isEqualTo(ErrorCode.NOT_FOUND);
    }

    @Test
    void aPayloadOfTheWrongFormNamesTheFieldAndNoClass() {
        HandlerFixture app = start(ProjectRoom.class);

        RealtimeException refused = refusal(
                app.connect("alice").publish("project:42", "history.get", Map.of("text", List.of("no", "text"))));

        assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_PAYLOAD);
        assertThat(refused.details()).containsExactly(new RealtimeException.Detail("text", "has the wrong form"));
        assertThat(refused.clientMessage()).doesNotContain("Said", "String");
    }

    @Test
    void aMissingPayloadIsInvalidWhereOneIsNeeded() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(refusal(app.connect("alice").publish("project:42", "history.get", null))
                        .code())
                .isEqualTo(ErrorCode.INVALID_PAYLOAD);
    }

    @RoomController(value = "lab:{id}", open = true)
    static class LabRoom {

        @RoomEvent("uuid")
        String uuid(@RoomVariable UUID id) {
            return id.toString();
        }

        @RoomEvent("stage")
        CompletionStage<String> stage(Said said) {
            return CompletableFuture.supplyAsync(said::text);
        }

        @RoomEvent("mono")
        Mono<String> mono(Said said) {
            return Mono.just(said.text()).subscribeOn(Schedulers.parallel());
        }

        @RoomEvent("mono.empty")
        Mono<Void> empty() {
            return Mono.empty();
        }

        @RoomEvent("mono.broadcast")
        @Broadcast
        Mono<Message1> broadcast(Said said) {
            return Mono.just(new Message1(1, null, said.text())).subscribeOn(Schedulers.parallel());
        }

        @RoomEvent("never")
        CompletionStage<String> never() {
            return new CompletableFuture<>();
        }

        @RoomEvent("failed.stage")
        CompletionStage<String> failedStage() {
            return CompletableFuture.supplyAsync(() -> {
                throw RoomError.conflict("taken");
            });
        }

        @RoomEvent("optional")
        String optional(@Nullable Said said, Optional<Principal> user) {
            return said + " " + user.map(Principal::getName).orElse("nobody");
        }

        @RoomEvent("header")
        String header(@Header String event, @Header("room") String room) {
            return event + " " + room;
        }

        @RoomEvent("node")
        JsonNode node(JsonNode data) {
            return data;
        }

        @RoomEvent("list")
        int list(List<Said> all) {
            return all.get(1).text().length();
        }

        @RoomEvent("clock")
        String clock(Duration sinceStart) {
            return sinceStart.toString();
        }
    }

    @Test
    void variablesAreConvertedByTheConversionService() {
        UUID id = UUID.randomUUID();

        assertThat(await(start(LabRoom.class).connect("a").publish("lab:" + id, "uuid", null))
                        .data())
                .isEqualTo(id.toString());
    }

    @Test
    void stagesAndMonosAreWaitedFor() {
        HandlerFixture.Client client = start(LabRoom.class).connect("a");

        assertThat(await(client.publish("lab:1", "stage", new Said("s"))).data())
                .isEqualTo("s");
        assertThat(await(client.publish("lab:1", "mono", new Said("m"))).data()).isEqualTo("m");
        assertThat(await(client.publish("lab:1", "mono.empty", null))).isEqualTo(Reply.EMPTY);
    }

    @Test
    void whatAMonoBringsIsBroadcastUnderTheNameOfItsType() {
        HandlerFixture.Client client = start(LabRoom.class).connect("a").in("lab:1");

        Reply reply = await(client.publish("lab:1", "mono.broadcast", new Said("hi")));

        assertThat(reply.eventId()).isNotNull();
        await().untilAsserted(() -> assertThat(client.events())
                .extracting(event -> event.get("event").asString())
                .containsExactly("message.created"));
    }

    @Test
    void aStageThatNeverCompletesTimesOut() {
        this.fixture =
                new HandlerFixture(LabRoom.class).timeout(Duration.ofMillis(50)).start();

        RealtimeException refused = refusal(this.fixture.connect("a").publish("lab:1", "never", null));

        assertThat(refused.code()).isEqualTo(ErrorCode.TIMEOUT);
    }

    @Test
    void aStageThatFailsWithAnErrorAnswersIt() {
        RealtimeException refused = refusal(start(LabRoom.class).connect("a").publish("lab:1", "failed.stage", null));

        assertThat(refused.code()).isEqualTo(ErrorCode.CONFLICT);
        assertThat(refused.clientMessage()).isEqualTo("taken");
    }

    @Test
    void optionalParametersMayBeMissing() {
        HandlerFixture app = start(LabRoom.class);

        assertThat(await(app.connect((String) null).publish("lab:1", "optional", null))
                        .data())
                .isEqualTo("null nobody");
        assertThat(await(app.connect("alice").publish("lab:1", "optional", new Said("x")))
                        .data())
                .isEqualTo("Said[text=x] alice");
    }

    @Test
    void headersTreesAndListsAreArguments() {
        HandlerFixture.Client client = start(LabRoom.class).connect("a");

        assertThat(await(client.publish("lab:1", "header", null)).data()).isEqualTo("header lab:1");
        assertThat(await(client.publish("lab:1", "node", Map.of("a", 1))).data())
                .isEqualTo(HandlerFixture.JSON.readTree("{\"a\":1}"));
        assertThat(await(client.publish("lab:1", "list", List.of(new Said("a"), new Said("bc"))))
                        .data())
                .isEqualTo(2);
    }

    @Test
    void resolversOfTheApplicationAreAskedBeforeThePayload() {
        this.fixture = new HandlerFixture(LabRoom.class).resolver(new HandlerMethodArgumentResolver() {
            @Override
            public boolean supportsParameter(MethodParameter parameter) {
                return parameter.getParameterType() == Duration.class;
            }

            @Override
            public Object resolveArgument(MethodParameter parameter, Message<?> message) {
                return Duration.ofSeconds(7);
            }
        });

        assertThat(await(this.fixture.start().connect("a").publish("lab:1", "clock", "PT1S"))
                        .data())
                .isEqualTo("PT7S");
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
    void anAccessRuleAloneOpensRoomsThatTheServerSendsTo() {
        this.fixture = new HandlerFixture();
        this.fixture.context.registerBean(
                "rule", RoomAccessRule.class, () -> RoomAccessRule.of("ticker:{symbol}", request -> true));
        HandlerFixture app = this.fixture.start();
        HandlerFixture.Client alice = app.connect("alice").in("ticker:abc");

        await(app.handlers().authorize(alice.call("ticker:abc")));
        assertThat(await(app.handlers().joined(alice.call("ticker:abc")))).isNull();
        app.template.room("ticker:{symbol}", "abc").send("price", Map.of("value", 1));
        await().untilAsserted(() -> assertThat(alice.events()).hasSize(1));
    }

    @RoomController("async:{id}")
    static class AsyncAccess {
        @RoomAccess
        Mono<Boolean> mayEnter(@RoomVariable String id) {
            return id.equals("none")
                    ? Mono.empty()
                    : Mono.just(id.equals("yes")).subscribeOn(Schedulers.parallel());
        }
    }

    @Test
    void anAccessMethodMayTakeItsTimeAndSilenceIsARefusal() {
        HandlerFixture app = start(AsyncAccess.class);
        HandlerFixture.Client alice = app.connect("alice");

        await(app.handlers().authorize(alice.call("async:yes")));
        assertThat(refusal(app.handlers().authorize(alice.call("async:no"))).code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(refusal(app.handlers().authorize(alice.call("async:none"))).code())
                .isEqualTo(ErrorCode.FORBIDDEN);
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
