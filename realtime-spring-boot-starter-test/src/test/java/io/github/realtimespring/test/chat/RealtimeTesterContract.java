package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.BDDMockito.given;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.test.AutoConfigureRealtimeTester;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

/** What a test says means the same, whatever its clients connect by. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = {
            "realtime.test.timeout=20s",
            "realtime.heartbeat.interval=500ms",
            "realtime.history.recovery-limit=8",
            "realtime.inbound.rate=500",
            "realtime.inbound.burst=1000",
            "spring.security.user.password=demo"
        })
@AutoConfigureRealtimeTester
abstract class RealtimeTesterContract {

    private static final Duration SHORT = Duration.ofMillis(50);

    private final ClientTransport transport;

    @Autowired
    RealtimeTester tester;

    @Autowired
    RealtimeTemplate template;

    @Autowired
    ConnectionRegistry connections;

    @Autowired
    ProtocolSessions sessions;

    @MockitoBean
    ProjectService projects;

    RealtimeTester realtime;

    RealtimeTesterContract(ClientTransport transport) {
        this.transport = transport;
    }

    /** The one that the application of this test runs on. */
    Class<? extends WebServer> server() {
        return TomcatWebServer.class;
    }

    @BeforeEach
    void everybodyIsAMemberButEve(@Autowired WebServerApplicationContext context) {
        assertThat(context.getWebServer()).isInstanceOf(server());
        given(this.projects.isMember(anyLong(), anyString())).willAnswer(call -> !"eve".equals(call.getArgument(1)));
        given(this.projects.name(anyLong())).willReturn("Apollo");
        this.realtime = this.tester.over(this.transport);
    }

    RealtimeTestClient member(String user) {
        RealtimeTestClient client = this.realtime.connectAs(user);
        client.join("project:42").assertJoined();
        return client;
    }

    private Message message(String user, String text) {
        return new Message(42, user, text);
    }

    @Test
    void membersSeeTheMessagesOfEachOther() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");
        RealtimeTestClient bob = this.realtime.connectAs("bob");
        alice.join("project:42").assertJoined().state(ProjectState.class).isEqualTo(new ProjectState("Apollo"));
        bob.join("project:42").assertJoined();

        alice.publish("message.send", new SendMessage("hi")).assertAcked();
        bob.publish("message.send", new SendMessage("ho")).assertAcked();

        for (RealtimeTestClient client : List.of(alice, bob)) {
            client.expectEvent("message.created", Message.class).isEqualTo(message("alice", "hi"));
            client.expectEvent("message.created", Message.class).isEqualTo(message("bob", "ho"));
            client.expectNoMoreEvents();
        }
    }

    @Test
    void everybodyIsWhoTheTestSays() {
        RealtimeTestClient alice = this.realtime.connectAs("alice", "ADMIN");
        RealtimeTestClient bob = this.realtime.connectAs("bob", "USER");
        alice.join("project:42").assertJoined();
        bob.join("project:42").assertJoined();

        alice.publish("who").assertAcked().data(String.class).isEqualTo("alice ROLE_ADMIN");
        bob.publish("who").assertAcked().data(String.class).isEqualTo("bob ROLE_USER");
    }

    @Test
    void whoMayNotEnterIsRefusedAndMayTryAnotherRoom() {
        RealtimeTestClient eve = this.realtime.connectAs("eve");

        eve.join("project:42").assertRejected("forbidden");
        eve.join("unknown").assertRejected("not-found");
        eve.join("other:1").assertJoined();
    }

    @Test
    void aClientInTwoRoomsNamesOne() {
        RealtimeTestClient alice = this.realtime.connectAs("alice");
        RealtimeTestClient bob = this.realtime.connectAs("bob");
        for (RealtimeTestClient client : List.of(alice, bob)) {
            client.join("project:1").assertJoined();
            client.join("project:2").assertJoined();
        }

        alice.in("project:1").publish("message.send", new SendMessage("one")).assertAcked();

        bob.in("project:1").expectEvent("message.created", Message.class).isEqualTo(new Message(1, "alice", "one"));
        bob.in("project:2").expectNoMoreEvents();
    }

    @Test
    void whatWasSentLastIsSeenByNoMoreEvents() {
        for (int trial = 0; trial < 20; trial++) {
            RealtimeTestClient alice = member("alice");
            RealtimeTestClient bob = member("bob");

            alice.send("message.send", new SendMessage("hi"));

            assertThatExceptionOfType(AssertionError.class)
                    .as("trial %s", trial)
                    .isThrownBy(bob::expectNoMoreEvents)
                    .withMessageContaining("expected no more events, but there are some")
                    .withMessageContaining("message.created");
            bob.expectEvent("message.created");
            bob.expectNoMoreEvents();
            this.realtime.disconnectAll();
            assertThat(this.connections).isEmpty();
        }
    }

    @Test
    void thousandEventsArriveInOrder() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        for (int i = 0; i < 1000; i++) {
            this.template.room("project:42").send("tick", i);
            if (i % 200 == 0) {
                this.realtime.awaitIdle();
            }
        }

        for (int i = 0; i < 1000; i++) {
            alice.expectEvent("tick", Integer.class).isEqualTo(i);
            bob.expectEvent("tick", Integer.class).isEqualTo(i);
        }
        bob.expectNoMoreEvents();
    }

    @Test
    void invalidDataIsAnsweredWithItsFields() {
        RealtimeTestClient alice = member("alice");

        assertThat(alice.publish("message.send", new SendMessage(""))
                        .assertError("invalid-payload")
                        .details())
                .extracting("field")
                .containsExactly("text");
        alice.publish("nothing").assertError("not-found");
        alice.publish("size").assertAcked();
    }

    @Test
    void aRepeatedKeyPublishesOnceAlsoAfterAReconnect() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        String key = this.transport.name();
        String first = alice.publishOnce(key, "message.send", new SendMessage("hi"))
                .assertAcked()
                .eventId();

        RealtimeTestClient again = alice.reconnect();
        again.join("project:42").assertJoined();

        assertThat(again.publishOnce(key, "message.send", new SendMessage("hi"))
                        .assertAcked()
                        .eventId())
                .isEqualTo(first);
        bob.expectEvent("message.created");
        this.realtime.awaitIdle();
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.within(SHORT).expectEvent("message.created"));
    }

    @Test
    void whoComesBackGoesOnWhereItWas() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.publish("message.send", new SendMessage("1")).assertAcked();
        bob.expectEvent("message.created");
        Cursor seen = Objects.requireNonNull(bob.in("project:42").cursor());

        bob.disconnect();
        alice.publish("message.send", new SendMessage("2")).assertAcked();
        alice.publish("message.send", new SendMessage("3")).assertAcked();
        bob = bob.reconnect();
        bob.resume("project:42", seen).assertRecovered();
        alice.publish("message.send", new SendMessage("4")).assertAcked();

        for (String text : List.of("2", "3", "4")) {
            bob.expectEvent("message.created", Message.class).isEqualTo(message("alice", text));
        }
    }

    @Test
    void whoWasAwayForTooLongBeginsAnew() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        Cursor seen = Objects.requireNonNull(bob.in("project:42").cursor());

        bob.disconnect();
        for (int i = 0; i < 20; i++) {
            alice.publish("message.send", new SendMessage("missed")).assertAcked();
        }
        bob = bob.reconnect();
        bob.resume("project:42", seen)
                .assertNotRecovered()
                .state(ProjectState.class)
                .isNotNull();

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> member("carol").join("project:42").assertRecovered())
                .withMessageContaining("expected project:42 to be recovered, but the answer was {\"type\":\"joined\"");
    }

    @Test
    void whoIsEvictedHearsIt() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        this.template.room("project:42").evict("bob");

        bob.expectLeft("evicted");
        alice.expectEvent("gone")
                .satisfies(data -> assertThat(data.path("user").asString()).isEqualTo("bob"));
    }

    @Test
    void everyConnectionEndsWithTheTest() {
        member("alice");
        member("bob");
        assertThat(this.connections).hasSize(2);

        this.realtime.disconnectAll();

        assertThat(this.connections).isEmpty();
    }

    @Test
    void aClientThatTheServerClosesKnowsWhyAndSendsNoMore() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        Objects.requireNonNull(this.sessions.find(bob.id())).connection().close(CloseReason.FORBIDDEN);

        bob.expectClosed(4403);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.expectClosed(1000))
                .withMessageContaining("expected close code 1000, but it was 4403");
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.publish("size").assertAcked())
                .withMessageContaining("expected an answer to 'size', but the connection has ended")
                .withMessageContaining("Closed by the server: 4403");
        alice.publish("size").assertAcked();
    }

    @Test
    void aClientThatEndedItsConnectionExpectsNothing() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        bob.disconnect();
        alice.publish("message.send", new SendMessage("hi")).assertAcked();

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.expectEvent("message.created"))
                .withMessageStartingWith("bob")
                .withMessageContaining("expected event 'message.created', but the connection has ended")
                .withMessageContaining("Closed by the client.");
        alice.expectEvent("message.created");
    }

    @Test
    void aMissingEventShowsWhatCameInstead() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.publish("message.send", new SendMessage("hi")).assertAcked();
        this.realtime.awaitIdle();

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.within(SHORT).expectEvent("message.deleted"))
                .withMessageContaining("expected event 'message.deleted' within 0.05 s, but it did not come.")
                .withMessageContaining("    {\"type\":\"welcome\"")
                .withMessageContaining("    {\"type\":\"joined\"")
                .withMessageContaining("  * {\"type\":\"event\"");
    }

    @Test
    void aClientThatDoesNotReadMissesNothingWhenItReadsAgain() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob").stopReading();

        alice.publish("message.send", new SendMessage("hi")).assertAcked();
        alice.expectEvent("message.created");
        this.realtime.awaitIdle();
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> bob.within(SHORT).expectEvent("message.created"));
        bob.resumeReading();

        bob.expectEvent("message.created", Message.class).isEqualTo(message("alice", "hi"));
    }

    @Test
    void headersOfTheHandshakeReachTheApplication() {
        RealtimeTestClient alice = this.realtime.connect(() -> "alice", Map.of("X-Client", List.of("one", "two")));

        alice.join("project:42").assertJoined();
        alice.publish("message.send", new SendMessage("hi")).assertAcked();
        alice.expectEvent("message.created", Message.class).isEqualTo(message("alice", "hi"));
    }
}
