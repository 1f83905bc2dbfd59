package io.github.realtimespring.handler;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Delivery;
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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.stereotype.Component;
import org.springframework.web.bind.annotation.RequestParam;
import reactor.core.publisher.Flux;

class RoomHandlersStartTests {

    /** What stops the start, as the failure analyzers will see it. */
    private static <T extends Throwable> T failure(Class<T> type, Class<?>... classes) {
        try (HandlerFixture fixture = new HandlerFixture(classes)) {
            fixture.start();
        } catch (RuntimeException ex) {
            for (Throwable cause = ex; cause != null; cause = cause.getCause()) {
                if (type.isInstance(cause)) {
                    return type.cast(cause);
                }
            }
            throw ex;
        }
        throw new AssertionError("started");
    }

    private static void starts(Class<?>... classes) {
        try (HandlerFixture fixture = new HandlerFixture(classes)) {
            fixture.start();
        }
    }

    @RoomController("project:{projectId}")
    static class NoRule {
        @RoomEvent("a")
        void a() {}
    }

    @RoomController(value = "project:{projectId}", open = true)
    static class Open {}

    @RoomController("project:{projectId}")
    static class WithAccess {
        @RoomAccess
        boolean mayEnter() {
            return true;
        }
    }

    @RoomController("project:{projectId}")
    static class OnlySecured {
        @RoomJoined
        @PreAuthorize("hasRole('USER')")
        void joined() {}
    }

    @Test
    void aPatternWithoutAccessRuleStopsTheStart() {
        MissingRoomAccessException ex = failure(MissingRoomAccessException.class, NoRule.class);

        assertThat(ex.pattern()).isEqualTo("project:{projectId}");
        assertThat(ex.handlers()).containsExactly("NoRule");
        assertThat(ex.ineffective()).isNull();
    }

    @Test
    void aRuleMayComeFromAnyControllerOfThePattern() {
        starts(NoRule.class, Open.class);
        starts(NoRule.class, WithAccess.class);
    }

    @Test
    void anAnnotationThatNobodyEnforcesIsNoRule() {
        MissingRoomAccessException ex = failure(MissingRoomAccessException.class, OnlySecured.class);

        assertThat(ex.ineffective()).isEqualTo("OnlySecured.joined");
        assertThat(ex).hasMessageContaining("method security is not enabled");
    }

    @RoomController(value = "project:{projectId", open = true)
    static class Malformed {}

    @Test
    void aMalformedPatternStopsTheStart() {
        assertThat(failure(InvalidRoomPatternException.class, Malformed.class).pattern())
                .isEqualTo("project:{projectId");
    }

    @RoomController(value = "project:{id}", open = true)
    static class SameRooms {}

    @Test
    void patternsThatMatchTheSameRoomAlikeStopTheStart() {
        AmbiguousRoomPatternException ex = failure(AmbiguousRoomPatternException.class, Open.class, SameRooms.class);

        assertThat(List.of(ex.first(), ex.second())).containsExactly("project:{id}", "project:{projectId}");
        assertThat(ex.example()).isEqualTo("project:x");
    }

    @Component
    static class AnotherA {
        @RoomEvent(value = "a", room = "project:{projectId}")
        void alsoA() {}
    }

    @Test
    void twoMethodsForOneEventStopTheStart() {
        DuplicateRoomHandlerException ex =
                failure(DuplicateRoomHandlerException.class, NoRule.class, Open.class, AnotherA.class);

        assertThat(ex.pattern()).isEqualTo("project:{projectId}");
        assertThat(ex.event()).isEqualTo("a");
        assertThat(List.of(ex.first(), ex.second())).containsExactlyInAnyOrder("NoRule.a", "AnotherA.alsoA");
    }

    @RoomController(value = "project:{projectId}", open = true)
    static class TwoStates {
        @RoomJoined
        String one() {
            return "";
        }

        @RoomJoined
        String two() {
            return "";
        }
    }

    @Test
    void twoStatesStopTheStart() {
        assertThat(failure(DuplicateRoomHandlerException.class, TwoStates.class).event())
                .isNull();
    }

    @RoomController(value = "project:{projectId}", open = true)
    static class WrongVariable {
        @RoomEvent("a")
        void a(@RoomVariable long id) {}
    }

    @Test
    void aVariableThatThePatternDoesNotHaveStopsTheStart() {
        MissingRoomVariableException ex = failure(MissingRoomVariableException.class, WrongVariable.class);

        assertThat(ex.method()).isEqualTo("WrongVariable.a");
        assertThat(ex.variable()).isEqualTo("id");
        assertThat(ex.pattern()).isEqualTo("project:{projectId}");
        assertThat(ex.variables()).containsExactly("projectId");
    }

    @RoomController(value = "r:{id}", open = true)
    static class TwoPayloads {
        @RoomEvent("a")
        void a(String one, List<String> two) {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class Foreign {
        @RoomEvent("a")
        void a(@RequestParam String one) {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class LeavePayload {
        @RoomLeft
        void left(String one) {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class ReasonOfAnEvent {
        @RoomEvent("a")
        void a(LeaveReason reason) {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class JoinOfAnEvent {
        @RoomEvent("a")
        void a(JoinRequest request) {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class Private {
        @RoomEvent("a")
        private void a() {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class Stream {
        @RoomEvent("a")
        Flux<String> a() {
            return Flux.empty();
        }
    }

    @RoomController(value = "r:{id}", open = true)
    static class NothingToSend {
        @RoomEvent("a")
        @Broadcast("b")
        void a() {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class NobodySends {
        @Broadcast("b")
        String a() {
            return "";
        }
    }

    @Component
    static class NoRoom {
        @RoomEvent("a")
        void a() {}
    }

    @Component
    static class NoController {
        @RoomAccess
        boolean a() {
            return true;
        }
    }

    @RoomController(value = "r:{id}", open = true)
    static class OddEvent {
        @RoomEvent("a b")
        void a() {}
    }

    @RoomController(value = "r:{id}", open = true)
    static class NoValidator {
        @RoomEvent("a")
        void a(@Valid List<String> payload) {}
    }

    @Test
    void methodsThatCannotBeCalledStopTheStartWithAdvice() {
        for (Class<?> type : List.of(
                TwoPayloads.class,
                Foreign.class,
                LeavePayload.class,
                ReasonOfAnEvent.class,
                JoinOfAnEvent.class,
                Private.class,
                Stream.class,
                NothingToSend.class,
                NobodySends.class,
                NoRoom.class,
                NoController.class,
                OddEvent.class,
                NoValidator.class)) {
            InvalidRoomHandlerException ex = failure(InvalidRoomHandlerException.class, type);
            assertThat(ex.method()).startsWith(type.getSimpleName() + ".");
            assertThat(ex.reason()).isNotBlank();
            assertThat(ex.action()).isNotBlank();
        }
    }

    record Nameless(String a) {}

    @RealtimeEvent(name = "x", delivery = Delivery.CRITICAL, coalesceBy = "a")
    record Contradiction(String a) {}

    @RoomController(value = "r:{id}", open = true)
    static class SendsNameless {
        @RoomEvent("a")
        @Broadcast
        Nameless a() {
            return new Nameless("");
        }
    }

    @RoomController(value = "r:{id}", open = true)
    static class SendsContradiction {
        @RoomEvent("a")
        @Broadcast
        Contradiction a() {
            return new Contradiction("");
        }
    }

    @Test
    void broadcastsWithoutNameOrWithImpossibleCoalescingStopTheStart() {
        failure(InvalidEventTypeException.class, SendsNameless.class);
        assertThat(failure(InvalidEventTypeException.class, SendsContradiction.class)
                        .event())
                .isEqualTo("x");
    }

    @RoomController(
            value = {"a:{id}", "b:{id}"},
            open = true)
    static class TwoPatterns {
        @RoomEvent("who")
        String who(@RoomVariable String id) {
            return id;
        }
    }

    @Test
    void aControllerServesTheRoomsOfEachOfItsPatterns() {
        try (HandlerFixture fixture = new HandlerFixture(TwoPatterns.class)) {
            assertThat(fixture.handlers().patterns()).containsExactly("a:{id}", "b:{id}");
        }
    }

    @Test
    void thePatternDoesNotBecomeTheNameOfTheBean() {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Open.class)) {
            assertThat(context.getBeanNamesForType(Open.class)).containsExactly("roomHandlersStartTests.Open");
        }
    }
}
