package io.github.realtimespring.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.util.concurrent.CompletionStage;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What {@code docs/users.md} shows. */
class UsersPageTests {

    private final HandlerFixture fixture = new HandlerFixture();

    @AfterEach
    void close() {
        this.fixture.close();
    }

    @RealtimeEvent(name = "task.assigned")
    record TaskAssigned(long taskId) {}

    static class Assignments {

        private final RealtimeTemplate realtime;

        Assignments(RealtimeTemplate realtime) {
            this.realtime = realtime;
        }

        // region user
        void assign(long taskId, String user) {
            this.realtime.user(user).send(new TaskAssigned(taskId));
        }

        CompletionStage<ControlReceipt> suspend(long projectId, String user) {
            this.realtime.room("project:{projectId}", projectId).evict(user);
            return this.realtime.user(user).disconnect(4403);
        }
        // endregion
    }

    @Test
    void whatIsSentToAUserReachesAllConnectionsAndSoDoesADisconnect() {
        HandlerFixture.Client phone = this.fixture.connect("bob").in("project:42");
        HandlerFixture.Client laptop = this.fixture.connect("bob");
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        Assignments assignments = new Assignments(this.fixture.template);

        assignments.assign(7, "bob");
        await().untilAsserted(() -> assertThat(phone.events()).hasSize(1));
        await().untilAsserted(() -> assertThat(laptop.events()).hasSize(1));
        ControlReceipt receipt =
                assignments.suspend(42, "bob").toCompletableFuture().join();

        assertThat(receipt.here()).containsExactlyInAnyOrder(phone.connection.id(), laptop.connection.id());
        assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.PUBLISHED);
        assertThat(phone.connection.connection().isOpen()).isFalse();
        assertThat(alice.connection.connection().isOpen()).isTrue();
        assertThat(alice.events()).isEmpty();
    }
}
