package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.test.RealtimeTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.ApplicationContext;
import org.springframework.test.context.bean.override.mockito.MockitoBean;
import org.springframework.web.context.WebApplicationContext;

@RealtimeTest(
        controllers = ProjectRoom.class,
        properties = {"realtime.test.timeout=10s", "realtime.queue.max-messages=16"})
class RealtimeTesterTests {

    private static final Duration SHORT = Duration.ofMillis(50);

    @Autowired
    RealtimeTester realtime;

    @Autowired
    RealtimeTemplate template;

    @Autowired
    ConnectionRegistry connections;

    @MockitoBean
    ProjectService projects;

    @BeforeEach
    void everybodyIsAMember() {
        given(this.projects.isMember(anyLong(), anyString())).willReturn(true);
        given(this.projects.name(anyLong())).willReturn("Apollo");
    }

    private RealtimeTestClient member(String user) {
        RealtimeTestClient client = this.realtime.connectAs(user);
        client.join("project:42").assertJoined();
        return client;
    }

    @Test
    void theSliceHasNoServerAndNoServices(@Autowired ApplicationContext context) {
        assertThat(context).isNotInstanceOf(WebApplicationContext.class);
        assertThat(context.getBeansOfType(OtherRoom.class)).isEmpty();
        assertThat(context.getBeansOfType(ProtocolSessions.class)).hasSize(1);
    }

    @Test
    void everyTestBeginsWithoutConnections() {
        assertThat(this.connections).isEmpty();
        member("alice");
        assertThat(this.connections).hasSize(1);
    }

    @Test
    void aSecondTestBeginsWithoutThemToo() {
        everyTestBeginsWithoutConnections();
    }

    @Test
    void anAcknowledgementHasTheReplyOrTheEvent() {
        RealtimeTestClient alice = member("alice");

        alice.publish("size").assertAcked().data(ProjectRoom.Size.class).isEqualTo(new ProjectRoom.Size(1));
        var ack = alice.publish("message.send", new SendMessage("hi")).assertAcked();

        assertThat(ack.eventId()).isNotBlank();
        assertThat(ack.cursor()).isNotNull();
    }

    @Test
    void aRepeatedKeyPublishesOnce() {
        RealtimeTestClient alice = member("alice");

        String first = alice.publishOnce("k1", "message.send", new SendMessage("hi"))
                .assertAcked()
                .eventId();
        String second = alice.publishOnce("k1", "message.send", new SendMessage("hi"))
                .assertAcked()
                .eventId();

        assertThat(second).isEqualTo(first);
        alice.expectEvent("message.created");
        alice.expectNoMoreEvents();
    }

    @Test
    void eventsOfDifferentNamesMayBeExpectedInAnyOrder() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.send("typing");
        alice.publish("message.send", new SendMessage("hi")).assertAcked();

        bob.expectEvent("message.created", Message.class).isEqualTo(new Message(42, "alice", "hi"));
        bob.expectEvent("typing", ProjectRoom.Typing.class).isEqualTo(new ProjectRoom.Typing("alice"));
        bob.expectNoMoreEvents();
    }

    @Test
    void aConnectionInSeveralRoomsNamesOne() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");
        alice.join("project:1").assertJoined();
        alice.join("project:2").assertJoined();

        alice.publish("message.send", new SendMessage("two")).assertAcked();
        alice.in("project:1").publish("message.send", new SendMessage("one")).assertAcked();

        alice.in("project:1").expectEvent("message.created", Message.class).isEqualTo(new Message(1, "alice", "one"));
        alice.in("project:1").expectNoMoreEvents();
        alice.in("project:2").expectEvent("message.created", Message.class).isEqualTo(new Message(2, "alice", "two"));
    }

    @Test
    void noMoreEventsWaitsForHandlersThatAreNotDone() {
        RealtimeTestClient alice = member("alice");
        alice.publish("later");

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(alice::expectNoMoreEvents)
                .withMessageContaining("expected no more events, but there are some")
                .withMessageContaining("* {\"type\":\"event\",\"room\":\"project:42\",\"event\":\"later\"");
    }

    @Test
    void noMoreEventsSeesWhatIsOnItsWay() {
        for (int trial = 0; trial < 200; trial++) {
            RealtimeTestClient alice = member("alice");
            RealtimeTestClient bob = member("bob");

            alice.send("message.send", new SendMessage("hi"));

            assertThatExceptionOfType(AssertionError.class)
                    .as("trial %s", trial)
                    .isThrownBy(bob::expectNoMoreEvents)
                    .withMessageContaining("message.created");
            bob.expectEvent("message.created");
            this.realtime.disconnectAll();
        }
    }

    @Test
    void aMissingEventShowsWhatCameInstead() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.publish("message.send", new SendMessage("hi")).assertAcked();
        this.realtime.awaitIdle();

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.within(SHORT).expectEvent("message.deleted"))
                .withMessageStartingWith("bob (")
                .withMessageContaining("expected event 'message.deleted' within 0.05 s, but it did not come.")
                .withMessageContaining("Received, oldest first (* not expected so far):")
                .withMessageContaining("    {\"type\":\"joined\"")
                .withMessageContaining("  * {\"type\":\"event\"")
                .withMessageContaining("\"text\":\"hi\"");
    }

    @Test
    void aWrongAnswerIsShown() {
        RealtimeTestClient alice = member("alice");

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(
                        () -> alice.publish("message.send", new SendMessage("")).assertAcked())
                .withMessageContaining(
                        "expected 'message.send' to be acknowledged, but the answer was {\"type\":\"error\"")
                .withMessageContaining("invalid-payload");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> alice.publish("size").assertError("forbidden"))
                .withMessageContaining(
                        "expected 'size' to fail with 'forbidden', but the answer was {\"type\":\"ack\"");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> alice.join("project:7").assertRejected("forbidden"))
                .withMessageContaining("expected the join of project:7 to be refused with 'forbidden'");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> alice.join("unknown").assertJoined())
                .withMessageContaining("expected to join unknown, but the answer was")
                .withMessageContaining("not-found");
    }

    @Test
    void dataOfAnotherFormIsShown() {
        RealtimeTestClient alice = member("alice");

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> alice.publish("size").assertAcked().data(int[].class))
                .withMessageContaining("expected the reply to 'size' to be a int[], but it is {\"members\":1}");
    }

    @Test
    void whoIsEvictedHearsIt() {
        RealtimeTestClient bob = member("bob");

        this.template.room("project:42").evict("bob");

        bob.expectLeft("evicted");
        bob.publish("size").assertError("not-joined");
    }

    @Test
    void aLeaveIsAnsweredAndHandled() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        bob.leave();

        alice.expectEvent("gone")
                .satisfies(data -> assertThat(data.path("user").asString()).isEqualTo("bob"));
        bob.expectNoMoreEvents();
    }

    @Test
    void whoDisconnectsHasLeft() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        bob.disconnect();

        alice.expectEvent("gone")
                .satisfies(data -> assertThat(data.path("user").asString()).isEqualTo("bob"));
    }

    @Test
    void aClientThatDoesNotReadIsToldWhatItMissed() {
        RealtimeTestClient bob = member("bob").stopReading();
        for (int i = 0; i < 100; i++) {
            this.template.room("project:42").send("tick", i);
        }

        bob.resumeReading();

        bob.expectEvent("tick", Integer.class).isEqualTo(0);
        bob.expectGap(GapReason.OVERFLOW);
    }

    @Test
    void aClientThatDoesNotReadChatGetsItLater() {
        RealtimeTestClient bob = member("bob").stopReading();
        for (int i = 0; i < 100; i++) {
            this.template.room("project:42").send(new Message(42, "alice", "hi " + i));
        }

        bob.resumeReading();

        for (int i = 0; i < 100; i++) {
            bob.expectEvent("message.created", Message.class).isEqualTo(new Message(42, "alice", "hi " + i));
        }
        bob.expectNoMoreEvents();
    }

    @Test
    void aClientThatDoesNotReadApprovalsIsClosed() {
        RealtimeTestClient bob = member("bob").stopReading();
        for (int i = 0; i < 100; i++) {
            this.template.room("project:42").send(new ProjectRoom.Approved(i));
        }

        bob.expectClosed(CloseReason.SLOW_CONSUMER.code());
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.expectClosed(1000))
                .withMessageContaining("expected close code 1000, but it was 1013")
                .withMessageContaining("Closed by the server: 1013 slow consumer");
    }

    @Test
    void anOpenConnectionIsNotClosed() {
        RealtimeTestClient alice = member("alice").within(SHORT);

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> alice.expectClosed(1000))
                .withMessageContaining("expected the server to close the connection within 0.05 s, but it is open");
    }

    @Test
    void aRefusedConnectionSaysSo() {
        Handshake handshake = new Handshake(null, Identity.user("alice"), DuplicatePolicy.REJECT, null);
        this.realtime.connect(handshake).id();

        RealtimeTestClient second = this.realtime.connect(handshake);

        second.expectClosed(4409);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(second::id)
                .withMessageContaining("alice (refused) has no id, because the connection was refused");
    }

    @Test
    void aMalformedFrameLeavesTheConnectionUsable() {
        RealtimeTestClient alice = member("alice");

        alice.sendText("{]").publish("size").assertAcked();
    }

    @Test
    void anAnonymousClientHasNoPrincipal() {
        RealtimeTestClient anonymous = this.realtime.connect();

        anonymous.join("project:42").assertRejected("unauthorized");
    }

    @Test
    void publishingNeedsARoom() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");

        assertThatIllegalStateException()
                .isThrownBy(() -> alice.publish("size"))
                .withMessageContaining("has joined no room; join one or name one with in(…)");
    }

    @Test
    void aUserIsAnAuthenticationWithRoles() {
        RealtimeTestClient alice = this.realtime.connectAs("alice", "ADMIN");
        alice.join("project:42").assertJoined();

        alice.publish("who").assertAcked().data(String.class).isEqualTo("alice ROLE_ADMIN");
    }
}
