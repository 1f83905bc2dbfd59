package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.room.LeaveReason;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Who may enter a room, what a join brings, and who hears of both ends of a membership. */
class RoomHandlersAccessTests {

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
    void theStateOfAJoinIsTheValueOfTheJoinedMethod() {
        HandlerFixture app = start(ProjectRoom.class);

        assertThat(await(app.handlers().joined(app.connect("alice").call("project:42"))))
                .isEqualTo(Map.of("id", "42", "room", "project:42", "pattern", "project:{projectId}"));
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
}
