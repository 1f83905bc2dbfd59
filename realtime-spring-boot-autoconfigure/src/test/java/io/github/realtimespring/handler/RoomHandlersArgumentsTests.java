package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.handler.ProjectRoom.MessageCreated;
import io.github.realtimespring.handler.ProjectRoom.Said;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.databind.JsonNode;

/** What handler methods take and what they return. */
class RoomHandlersArgumentsTests {

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
        Mono<MessageCreated> broadcast(Said said) {
            return Mono.just(new MessageCreated(1, null, said.text())).subscribeOn(Schedulers.parallel());
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
}
