package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.failure;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.InvalidRoutingKeyException;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.handler.annotation.BroadcastTo;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import reactor.core.scheduler.Schedulers;

class RealtimeTemplateTests {

    private HandlerFixture fixture = new HandlerFixture();

    @AfterEach
    void close() {
        this.fixture.close();
    }

    private HandlerFixture tenants(Class<?>... classes) {
        this.fixture.close();
        this.fixture = new HandlerFixture(true, new EventTypes(), classes).start();
        return this.fixture;
    }

    @RealtimeEvent(name = "task.done", delivery = Delivery.RECOVERABLE)
    record TaskDone(int id) {}

    @RealtimeEvent(name = "notice")
    record Notice(String text) {}

    @Test
    void aSendReachesTheMembersAndTellsWhatBecameOfIt() {
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        HandlerFixture.Client bob = this.fixture.connect("bob").in("project:42");
        HandlerFixture.Client eve = this.fixture.connect("eve").in("project:43");

        PublishReceipt receipt =
                this.fixture.template.room("project:{projectId}", 42).send(new TaskDone(7));

        assertThat(receipt.local().members()).isEqualTo(2);
        assertThat(receipt.local().accepted()).isEqualTo(2);
        assertThat(receipt.backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        assertThat(receipt.cursor()).isNotNull();
        await().untilAsserted(() -> {
            assertThat(alice.events()).hasSize(1);
            assertThat(bob.events()).isEqualTo(alice.events());
        });
        assertThat(eve.events()).isEmpty();
    }

    @Test
    void exceptLeavesConnectionsOut() {
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        HandlerFixture.Client bob = this.fixture.connect("bob").in("project:42");

        PublishReceipt receipt = this.fixture
                .template
                .room("project:42")
                .except(alice.connection.id())
                .send(new Notice("x"));

        assertThat(receipt.local().excluded()).isEqualTo(1);
        await().untilAsserted(() -> assertThat(bob.events()).hasSize(1));
        assertThat(alice.events()).isEmpty();
    }

    @Test
    void aUserGetsItOnEveryConnection() {
        HandlerFixture.Client phone = this.fixture.connect("alice");
        HandlerFixture.Client laptop = this.fixture.connect("alice");
        HandlerFixture.Client bob = this.fixture.connect("bob");

        assertThat(this.fixture
                        .template
                        .user("alice")
                        .send(new Notice("x"))
                        .local()
                        .accepted())
                .isEqualTo(2);

        await().untilAsserted(() -> assertThat(List.of(phone, laptop))
                .allSatisfy(client -> assertThat(client.events())
                        .singleElement()
                        .satisfies(
                                event -> assertThat(event.get("to").asString()).isEqualTo("user"))));
        assertThat(bob.events()).isEmpty();
    }

    @Test
    void oneConnectionGetsItAloneAndOneThatIsGoneIsStale() {
        HandlerFixture.Client phone = this.fixture.connect("alice");
        HandlerFixture.Client laptop = this.fixture.connect("alice");

        assertThat(this.fixture
                        .template
                        .connection(phone.connection.id())
                        .send(new Notice("x"))
                        .local()
                        .accepted())
                .isEqualTo(1);
        assertThat(this.fixture
                        .template
                        .connection(ConnectionId.random())
                        .send(new Notice("x"))
                        .local()
                        .stale())
                .isEqualTo(1);
        assertThat(phone.connection.send("direct", Map.of("a", 1))).isEqualTo(Outcome.ACCEPTED);
        assertThat(this.fixture.connect((String) null).connection.send(new Notice("anonymous")))
                .isEqualTo(Outcome.ACCEPTED);

        assertThat(phone.events())
                .extracting(event -> event.get("event").asString())
                .containsExactly("notice", "direct");
        assertThat(laptop.events()).isEmpty();
    }

    @Test
    void aSubscribedConnectionGetsWhatGoesToTheChannel() {
        HandlerFixture.Client alice = this.fixture.connect("alice");
        await(alice.connection.subscribe(new RoutingKey(RoutingKey.Kind.CHANNEL, null, "news")));

        this.fixture.template.channel("news").send(new Notice("x"));

        await().untilAsserted(() -> assertThat(alice.events())
                .singleElement()
                .satisfies(event -> assertThat(event.get("channel").asString()).isEqualTo("news")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> alice.connection.subscribe(RoutingKey.room("project:42")));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> alice.connection.subscribe(new RoutingKey(RoutingKey.Kind.CHANNEL, "acme", "news")));
    }

    @Test
    void eventsOfAStreamGoToRoomsOnly() {
        assertThatExceptionOfType(InvalidEventTypeException.class)
                .isThrownBy(() -> this.fixture.template.user("alice").send(new TaskDone(1)))
                .withMessageContaining("only rooms have a stream");
    }

    @Test
    void aRefusalByTheBackplaneIsInTheReceipt() {
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        this.fixture.backplane.writable = false;

        assertThat(this.fixture
                        .template
                        .room("project:42")
                        .send(new TaskDone(1))
                        .backplane())
                .isEqualTo(BackplaneOutcome.REJECTED);
        assertThat(alice.events()).isEmpty();
        assertThat(this.fixture
                        .template
                        .room("project:42")
                        .send(new Notice("x"))
                        .backplane())
                .isEqualTo(BackplaneOutcome.LOCAL_ONLY);
    }

    @Test
    void aSendWaitsNoLongerThanThePublishTimeout() {
        this.fixture.backplane.silent = true;

        assertThat(this.fixture
                        .template
                        .room("project:42")
                        .send(new TaskDone(1))
                        .backplane())
                .isEqualTo(BackplaneOutcome.UNKNOWN);
    }

    @Test
    void whatCannotBeEncodedIsRefusedAndNobodyGetsIt() {
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        record Bad() {
            public String getValue() {
                throw new IllegalStateException("secret");
            }
        }

        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.fixture.template.room("project:42").send("x", new Bad()));
        assertThat(alice.events()).isEmpty();
    }

    @Test
    void valuesOfVariablesCannotMakeAnotherRoom() {
        assertThatExceptionOfType(InvalidRoutingKeyException.class)
                .isThrownBy(() -> this.fixture.template.room("project:{id}", "42:secret"));
        assertThatIllegalArgumentException().isThrownBy(() -> this.fixture.template.room("project:{id}", 1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> this.fixture.template.room("project:{id}"));
    }

    @Test
    void sendRefusesToWaitOnAnEventLoopAndOnAFanoutThread() throws Exception {
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        Room room = this.fixture.template.room("project:42");
        CompletableFuture<Object> onLoop = new CompletableFuture<>();
        Schedulers.parallel().schedule(() -> complete(onLoop, () -> room.send(new Notice("x"))));
        CompletableFuture<Object> onFanout = new CompletableFuture<>();
        new Thread(() -> complete(onFanout, () -> room.send(new Notice("x"))), "realtime-fanout-99").start();

        assertThat(failure(onLoop)).isInstanceOf(IllegalStateException.class).hasMessageContaining("sendAsync");
        assertThat(failure(onFanout)).isInstanceOf(IllegalStateException.class);
        CompletableFuture<Object> async = new CompletableFuture<>();
        Schedulers.parallel().schedule(() -> complete(async, () -> room.sendAsync(new Notice("x"))));
        assertThat(async.get(20, TimeUnit.SECONDS)).isNotNull();
        await().untilAsserted(() -> assertThat(alice.events()).hasSize(1));
    }

    private static void complete(CompletableFuture<Object> result, java.util.concurrent.Callable<Object> action) {
        try {
            result.complete(action.call());
        } catch (Exception ex) {
            result.completeExceptionally(ex);
        }
    }

    @Test
    void theStageOfAnAsynchronousSendCompletesOffTheThreadsOfTheEngine() {
        this.fixture.connect("alice").in("project:42");
        String thread = await(this.fixture
                .template
                .room("project:42")
                .sendAsync("x", Map.of())
                .thenApply(receipt -> Thread.currentThread().getName()));

        assertThat(thread).doesNotStartWith("realtime-fanout-");
    }

    @Test
    void evictionEndsMembershipsOfAUserOrAConnection() {
        HandlerFixture.Client phone = this.fixture.connect("bob").in("project:42");
        HandlerFixture.Client laptop = this.fixture.connect("bob").in("project:42");
        HandlerFixture.Client alice = this.fixture.connect("alice").in("project:42");
        Room room = this.fixture.template.room("project:42");

        assertThat(room.members()).extracting(member -> member.user()).containsExactly("alice", "bob");
        assertThat(room.evict(phone.connection.id())).isTrue();
        assertThat(room.evict(phone.connection.id())).isFalse();
        assertThat(room.evict("bob")).isEqualTo(1);
        room.send(new Notice("x"));

        await().untilAsserted(() -> assertThat(alice.events()).hasSize(1));
        assertThat(phone.events()).isEmpty();
        assertThat(laptop.events()).isEmpty();
        assertThat(this.fixture.registry.inconsistencies()).isEmpty();
    }

    @RoomController(value = "project:{id}", open = true)
    static class TenantRoom {

        private final RealtimeTemplate realtime;

        TenantRoom(RealtimeTemplate realtime) {
            this.realtime = realtime;
        }

        @RoomEvent("tell")
        void tell() {
            this.realtime.room("project:42").send(new Notice("inside"));
        }
    }

    @Test
    void withTenantsASendOutsideAConnectionNamesOne() {
        HandlerFixture app = tenants();
        HandlerFixture.Client acme =
                app.connect(new HandlerFixture.User("a"), "acme").in("project:42");
        HandlerFixture.Client other =
                app.connect(new HandlerFixture.User("a"), "other").in("project:42");

        assertThatIllegalStateException()
                .isThrownBy(() -> app.template.room("project:42"))
                .withMessageContaining("tenant(");
        assertThatIllegalStateException().isThrownBy(() -> app.template.user("a"));
        app.template.tenant("acme").room("project:42").send(new Notice("x"));
        app.template.tenant("acme").user("a").send(new Notice("y"));
        assertThat(app.template
                        .tenant("acme")
                        .connection(other.connection.id())
                        .send(new Notice("z"))
                        .local()
                        .stale())
                .isEqualTo(1);

        await().untilAsserted(() -> assertThat(acme.events()).hasSize(2));
        assertThat(other.events()).isEmpty();
    }

    @Test
    void insideAHandlerTheTenantIsThatOfTheConnection() {
        HandlerFixture app = tenants(TenantRoom.class);
        HandlerFixture.Client acme =
                app.connect(new HandlerFixture.User("a"), "acme").in("project:42");
        HandlerFixture.Client other =
                app.connect(new HandlerFixture.User("a"), "other").in("project:42");

        await(acme.publish("project:42", "tell", null));

        await().untilAsserted(() -> assertThat(acme.events()).hasSize(1));
        assertThat(other.events()).isEmpty();
    }

    @BroadcastTo("project:{projectId}")
    @RealtimeEvent(name = "task.completed")
    record TaskCompleted(long projectId, long taskId) {}

    @BroadcastTo(value = "project:{projectId}", tenant = "company")
    @RealtimeEvent(name = "task.completed")
    record CompanyTask(long projectId, String company) {}

    @Test
    void anApplicationEventGoesToItsRoom() {
        HandlerFixture app = this.fixture.start();
        HandlerFixture.Client alice = app.connect("alice").in("project:42");
        HandlerFixture.Client bob = app.connect("bob").in("project:43");

        app.context.publishEvent(new TaskCompleted(42, 7));
        app.context.publishEvent("some other event");

        await().untilAsserted(() -> assertThat(alice.events())
                .singleElement()
                .satisfies(event -> assertThat(event.get("event").asString()).isEqualTo("task.completed")));
        assertThat(bob.events()).isEmpty();
    }

    @Test
    void anApplicationEventNamesItsTenantByAProperty() {
        HandlerFixture app = tenants();
        HandlerFixture.Client acme =
                app.connect(new HandlerFixture.User("a"), "acme").in("project:42");
        HandlerFixture.Client other =
                app.connect(new HandlerFixture.User("a"), "other").in("project:42");

        app.context.publishEvent(new CompanyTask(42, "acme"));
        assertThatIllegalStateException().isThrownBy(() -> app.context.publishEvent(new TaskCompleted(42, 7)));

        await().untilAsserted(() -> assertThat(acme.events()).hasSize(1));
        assertThat(other.events()).isEmpty();
    }
}
