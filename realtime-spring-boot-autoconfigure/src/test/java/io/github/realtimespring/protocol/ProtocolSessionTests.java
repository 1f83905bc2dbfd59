package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.MemoryIdempotencyStore;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import io.github.realtimespring.protocol.ProtocolFixture.Named;
import io.github.realtimespring.registry.DuplicatePolicy;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class ProtocolSessionTests {

    private final CompletableFuture<TokenAuthentication> pending = new CompletableFuture<>();
    private ProtocolFixture fixture = new ProtocolFixture(settings -> settings, this::authenticate, null, null);

    @AfterEach
    void close() {
        this.fixture.assertConsistent();
        this.fixture.close();
    }

    /** What is remembered has a rate of its own, so it must not be had for the asking. */
    @Test
    void aConnectionBringsOneNameAtMostThatOnlyOtherNodesCanKnow() {
        IdempotencyStore keys = new MemoryIdempotencyStore(
                Duration.ofMinutes(2), Duration.ofSeconds(10), 1 << 20, 100, this.fixture.ticker);
        try (ProtocolFixture node = new ProtocolFixture(keys)) {
            Client client = node.anonymous();
            String own = client.frames("welcome").get(0).get("session").stringValue();
            List<String> names = List.of("A".repeat(22), "B".repeat(22), "C".repeat(22));
            names.forEach(name -> client.send("{'type':'hello','session':'" + name + "'}"));

            Identity anonymous = client.session.connection().identity();
            assertThat(names)
                    .extracting(name -> node.sessions.names().scope(anonymous, name, "::1"))
                    .containsExactly("session:" + names.get(0), "address:::1", "address:::1");
            assertThat(node.sessions.names().scope(anonymous, own, "::1")).isEqualTo("session:" + names.get(0));

            String known =
                    node.anonymous().frames("welcome").get(0).get("session").stringValue();
            client.send("{'type':'hello','session':'" + known + "'}");
            assertThat(node.sessions.names().scope(anonymous, own, "::1")).isEqualTo("session:" + known);
            assertThat(client.closeCodes()).isEmpty();
        }
    }

    @Test
    void welcomeIsTheFirstFrameAndNamesConnectionSessionAndUser() {
        Client alice = this.fixture.user("alice");
        JsonNode welcome = alice.frames().get(0);
        assertThat(welcome.get("type").stringValue()).isEqualTo("welcome");
        assertThat(welcome.get("protocol").intValue()).isEqualTo(1);
        assertThat(welcome.get("connection").stringValue())
                .isEqualTo(alice.session.connection().id().value());
        assertThat(welcome.get("session").stringValue()).hasSizeGreaterThan(20);
        assertThat(welcome.get("user").stringValue()).isEqualTo("alice");
        Client second = this.fixture.user("alice");
        assertThat(second.frames().get(0).get("session")).isNotEqualTo(welcome.get("session"));
        assertThat(this.fixture.listener.told).contains("opened");
    }

    @Test
    void userEventsFollowWelcomeEvenIfTheyCameBeforeIt() {
        // Admitted means a member of the user's key: from here on events for the user find the connection.
        this.fixture.listener.onOpened =
                () -> this.fixture.template.user("alice").send("notice", 1);
        Client alice = this.fixture.user("alice");
        alice.awaitFrames("event", 1);
        assertThat(alice.frames().get(0).get("type").stringValue()).isEqualTo("welcome");
        assertThat(alice.frames("event").get(0).get("to").stringValue()).isEqualTo("user");
    }

    @Test
    void theDuplicatePolicyOfTheHandshakeDecides() {
        Client first = this.fixture.client(ProtocolFixture.handshake("alice", null, DuplicatePolicy.REJECT));
        Client second = this.fixture.client(ProtocolFixture.handshake("alice", null, DuplicatePolicy.REJECT));
        assertThat(second.closeCodes()).containsExactly(4409);
        assertThat(second.frames()).isEmpty();
        assertThat(first.closeCodes()).isEmpty();
        Client third = this.fixture.client(ProtocolFixture.handshake("alice", null, DuplicatePolicy.NEWEST_WINS));
        assertThat(first.closeCodes()).containsExactly(4409);
        assertThat(third.frames("welcome")).hasSize(1);
        Client fourth = this.fixture.client(ProtocolFixture.handshake("alice", null, DuplicatePolicy.limit(1)));
        assertThat(fourth.closeCodes()).containsExactly(4429);
        assertThat(this.fixture.connections.size()).isEqualTo(1);
        assertThat(this.fixture.sessions.size()).isEqualTo(1);
        assertThat(this.fixture.listener.told).contains("refused 4409", "refused 4429");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "null",
                "7",
                "[]",
                "{",
                "{'type':'nonsense','id':9}",
                "{'type':'join','id':9}",
                "{'type':'join','id':9,'room':1}",
                "{'type':'pong'}{'type':'pong'}",
                "{'type':'leave','id':-1,'room':'r'}"
            })
    void aFrameThatCannotBeReadIsOneErrorAndTheConnectionGoesOn(String frame) {
        Client alice = this.fixture.user("alice").send(frame);
        assertThat(alice.frames("error")).hasSize(1);
        JsonNode error = alice.frames("error").get(0);
        assertThat(error.get("code").stringValue()).isEqualTo("bad-request");
        assertThat(error.has("id")).isEqualTo(frame.contains("9"));
        assertThat(error.get("message").stringValue()).doesNotContain("Exception", "java", "jackson");
        assertThat(alice.transport.closes()).isEmpty();
        alice.join(1, "project:42").assertAnswered(1, "joined");
        assertThat(this.fixture.listener.told).contains("received unknown", "failed bad-request");
    }

    @Test
    void deepJsonIsOneErrorAndTheConnectionGoesOn() {
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','id':1,'room':'project:42','data':" + "[".repeat(30_000) + "]".repeat(30_000) + "}");
        assertThat(alice.frames("error")).hasSize(1);
        alice.join(1, "project:42").assertAnswered(1, "joined");
    }

    @Test
    void aFrameThatIsTooBigEndsTheConnection() {
        Client alice = this.fixture.user("alice");
        Client bob = this.fixture.user("bob");
        alice.send("{'type':'join','id':1,'room':'" + "é".repeat(33_000) + "'}");
        assertThat(alice.closeCodes()).containsExactly(1009);
        bob.send("{'type':'join','id':1,'room':'" + "é".repeat(30_000) + "'}").assertError(1, "bad-request");
        assertThat(bob.closeCodes()).isEmpty();
    }

    @Test
    void aPongIsLivenessAndNeedsNoAnswer() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.ticker.advance(Duration.ofMillis(30));
        alice.send("{'type':'pong'}");
        assertThat(alice.session.connection().roundTripNanos()).isEqualTo(30_000_000);
        assertThat(alice.frames()).hasSize(2);
    }

    @Test
    void anyFrameIsLiveness() {
        Client alice = this.fixture.user("alice");
        Client silent = this.fixture.user("bob");
        for (int i = 0; i < 4; i++) {
            this.fixture.ticker.advance(Duration.ofSeconds(10));
            alice.send("nonsense");
            for (Client client : List.of(alice, silent)) {
                client.session
                        .connection()
                        .tick(this.fixture.ticker.nanos(), Duration.ofSeconds(25), Duration.ofSeconds(10));
            }
        }
        assertThat(alice.closeCodes()).isEmpty();
        assertThat(silent.closeCodes()).containsExactly(1001);
    }

    @Test
    void presenceStatesAreChecked() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'presence','room':'project:42','state':'idle'}");
        assertThat(alice.frames("error")).isEmpty();
        alice.send("{'type':'presence','room':'project:42','state':'happy'}");
        alice.send("{'type':'presence','room':'a b','state':'idle'}");
        assertThat(alice.frames("error"))
                .hasSize(2)
                .allMatch(error -> error.get("code").stringValue().equals("bad-request"));
    }

    @Test
    void framesOverTheRateAreRefusedWithTheirIdAndAHint() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob");
        for (int id = 2; id <= 102; id++) {
            alice.send("{'type':'leave','id':" + id + ",'room':'project:1'}");
        }
        alice.assertAnswered(100, "left");
        alice.assertError(101, "rate-limited");
        assertThat(alice.answer(101).get("retryAfter").intValue()).isEqualTo(20);
        assertThat(alice.answer(101).get("retryable").booleanValue()).isTrue();
        alice.send("nonsense");
        assertThat(alice.frames("error"))
                .allMatch(error -> error.get("code").stringValue().equals("rate-limited"));
        bob.join(1, "project:42").assertAnswered(1, "joined");
        this.fixture.ticker.advance(Duration.ofSeconds(1));
        alice.send("{'type':'leave','id':200,'room':'project:1'}").assertAnswered(200, "left");
        assertThat(this.fixture.listener.told).contains("rate limited", "failed rate-limited");
    }

    @Test
    void aFloodEndsWithGoawayAndPolicyAndOthersAreUnaffected() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        for (int id = 2; id <= 300; id++) {
            alice.send("{'type':'leave','id':" + id + ",'room':'project:1'}");
        }
        assertThat(alice.closeCodes()).containsExactly(1008);
        assertThat(alice.frames("goaway")).hasSize(1);
        assertThat(alice.frames("goaway").get(0).get("reason").stringValue()).isEqualTo("rate-limited");
        bob.send("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}")
                .assertAnswered(2, "ack");
    }

    @Test
    void aFloodOfControlFramesEndsTheSameWayAndIsAnsweredByNothingElse() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        int before = alice.frames().size();
        for (int i = 0; i < 150; i++) {
            alice.session.controlFrame();
        }
        this.fixture.executor.runAll();
        assertThat(alice.closeCodes()).isEmpty();
        assertThat(alice.frames()).hasSize(before);
        assertThat(this.fixture.listener.told).contains("rate limited");
        for (int i = 0; i < 150; i++) {
            alice.session.controlFrame();
        }
        this.fixture.executor.runAll();
        assertThat(alice.closeCodes()).containsExactly(1008);
        assertThat(alice.frames("goaway")).hasSize(1);
        assertThat(bob.closeCodes()).isEmpty();
        bob.send("{'type':'leave','id':2,'room':'project:42'}").assertAnswered(2, "left");
    }

    @Test
    void moreThanTheMailboxHoldsIsRefusedWithItsId() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        CompletableFuture<Object> slow = new CompletableFuture<>();
        this.fixture.controller.asking = question -> slow;
        for (int id = 2; id <= 67; id++) {
            alice.send("{'type':'publish','id':" + id + ",'room':'project:42','event':'ask','data':1}");
        }
        assertThat(alice.answers(66)).isEmpty();
        alice.assertError(67, "rate-limited");
        assertThat(alice.answer(67).get("retryAfter").intValue()).isEqualTo(1000);
        slow.complete("done");
        this.fixture.executor.runAll();
        for (int id = 2; id <= 66; id++) {
            alice.assertAnswered(id, "ack");
        }
    }

    @Test
    void anExecutorThatTakesNothingMakesFramesUnavailable() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        this.fixture.executor.refuse(true);
        alice.queue("{'type':'publish','id':2,'room':'project:42','event':'ask','data':1}")
                .assertError(2, "unavailable");
        alice.session.closed(CloseReason.ABNORMAL);
        this.fixture.executor.refuse(false);
        this.fixture.advance(Duration.ofMillis(250));
        assertThat(this.fixture.controller.calls).as("owed to the application").contains("left 42 CLOSED");
        assertThat(this.fixture.sessions.size()).isZero();
    }

    @Test
    void whoJoinsNoRoomInTimeIsClosed() {
        Client idle = this.fixture.user("alice");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        Client left = this.fixture.user("carol").join(1, "project:42");
        left.send("{'type':'leave','id':2,'room':'project:42'}");
        CompletableFuture<Boolean> access = new CompletableFuture<>();
        this.fixture.controller.access = id -> access;
        Client joining = this.fixture.user("dave").join(1, "project:42");
        this.fixture.advance(Duration.ofSeconds(15));
        assertThat(idle.closeCodes()).isEmpty();
        this.fixture.advance(Duration.ofMillis(1));
        assertThat(idle.closeCodes()).containsExactly(4408);
        assertThat(bob.closeCodes()).isEmpty();
        assertThat(left.closeCodes()).isEmpty();
        assertThat(joining.closeCodes()).isEmpty();
        access.complete(true);
        this.fixture.executor.runAll();
        this.fixture.advance(Duration.ofMillis(1));
        assertThat(joining.closeCodes()).isEmpty();
    }

    @Test
    void aConnectionWhoseCredentialsExpireIsClosed() {
        Instant soon = this.fixture.ticker.instant().plusSeconds(5);
        Client alice =
                this.fixture.client(ProtocolFixture.handshake("alice", soon)).join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        this.fixture.advance(Duration.ofMillis(4999));
        assertThat(alice.closeCodes()).isEmpty();
        this.fixture.advance(Duration.ofMillis(1));
        assertThat(alice.closeCodes()).containsExactly(4401);
        assertThat(bob.closeCodes()).isEmpty();
        assertThat(alice.isMember(ProtocolFixture.ROOM)).isFalse();
    }

    @Test
    void aFreshTokenRenewsTheCredentialsAndThePrincipal() {
        Instant soon = this.fixture.ticker.instant().plusSeconds(5);
        Client alice =
                this.fixture.client(ProtocolFixture.handshake("alice", soon)).join(1, "project:42");
        alice.send("{'type':'publish','id':2,'room':'project:42','event':'who'}");
        assertThat(alice.answer(2).get("data").stringValue()).isEqualTo("Named");
        alice.send("{'type':'auth','id':3,'token':'alice+60'}").assertAnswered(3, "ack");
        alice.send("{'type':'publish','id':4,'room':'project:42','event':'who'}");
        assertThat(alice.answer(4).get("data").stringValue()).isEqualTo("Renewed");
        this.fixture.advance(Duration.ofSeconds(59));
        assertThat(alice.closeCodes()).isEmpty();
        this.fixture.advance(Duration.ofSeconds(1));
        assertThat(alice.closeCodes()).containsExactly(4401);
    }

    @Test
    void aBadTokenIsAnErrorAndTheOldCredentialsGoOn() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'auth','id':2,'token':'forged'}").assertError(2, "unauthorized");
        assertThat(alice.answer(2).get("message").stringValue()).doesNotContain("forged");
        alice.send("{'type':'auth','id':3,'token':'alice-1'}").assertError(3, "unauthorized");
        assertThat(alice.closeCodes()).isEmpty();
    }

    @Test
    void aTokenOfAnotherUserEndsTheConnection() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'auth','id':2,'token':'bob+60'}").assertError(2, "unauthorized");
        assertThat(alice.closeCodes()).containsExactly(4401);
    }

    @Test
    void aTokenThatIsNotCheckedInTimeIsATimeout() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.send("{'type':'auth','id':2,'token':'pending'}");
        this.fixture.advance(Duration.ofSeconds(31));
        alice.assertError(2, "timeout");
        this.pending.complete(new TokenAuthentication(new Renewed("alice"), null, Map.of()));
        this.fixture.executor.runAll();
        assertThat(alice.answers(2)).hasSize(1);
        assertThat(alice.session.handlerConnection().principal()).isInstanceOf(Named.class);
    }

    @Test
    void tokensAreRefusedWhereNobodyCanCheckThem() {
        this.fixture.close();
        this.fixture = new ProtocolFixture();
        this.fixture.user("alice").send("{'type':'auth','id':2,'token':'t'}").assertError(2, "bad-request");
    }

    @Test
    void afterTheCloseFramesAreIgnored() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.session.connection().close(CloseReason.NORMAL);
        int frames = alice.frames().size();
        alice.join(2, "project:43").send("nonsense");
        assertThat(alice.frames()).hasSize(frames);
        assertThat(this.fixture.controller.calls).containsExactly("joined 42", "left 42 CLOSED");
        alice.session.closed(CloseReason.NORMAL);
        alice.session.closed(CloseReason.ABNORMAL);
        assertThat(this.fixture.sessions.size()).isZero();
    }

    @Test
    void aPeerThatNeverReadsIsForgottenAfterItsLastFlushWasGivenUp() {
        Client alice = this.fixture.user("alice");
        alice.transport.block();
        alice.join(1, "project:42");
        alice.session.connection().close(CloseReason.UNAUTHORIZED);
        assertThat(alice.closeCodes()).isEmpty();
        assertThat(this.fixture.sessions.size()).isEqualTo(1);
        this.fixture.advance(Duration.ofSeconds(11));
        assertThat(alice.closeCodes()).containsExactly(4401);
        assertThat(this.fixture.sessions.size()).isZero();
    }

    @Test
    void aTransportThatFailsInAWriteEndsTheSession() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        Client bob = this.fixture.user("bob").join(1, "project:42");
        alice.transport.fail();
        this.fixture.template.room("project:42").send("news", 1);
        bob.awaitFrames("event", 1);
        this.fixture.executor.runAll();
        assertThat(alice.isMember(ProtocolFixture.ROOM)).isFalse();
        assertThat(this.fixture.connections.size()).isEqualTo(1);
    }

    @Test
    void sessionsAreFoundByTheirConnection() {
        Client alice = this.fixture.user("alice");
        assertThat(this.fixture.sessions.find(alice.session.connection().id())).isSameAs(alice.session);
        assertThat(this.fixture.sessions.find(new ConnectionId("nobody"))).isNull();
    }

    record Renewed(String getName) implements java.security.Principal {
        @Override
        public String getName() {
            return this.getName;
        }
    }

    /** Tokens are {@code user+seconds} or {@code user-seconds}; {@code pending} takes its time. */
    private CompletableFuture<TokenAuthentication> authenticate(String token) {
        if (token.equals("pending")) {
            return this.pending;
        }
        if (token.equals("forged")) {
            throw new IllegalArgumentException("not a token: " + token);
        }
        String[] parts = token.split("(?=[+-])");
        Instant expiresAt = this.fixture.ticker.instant().plusSeconds(Integer.parseInt(parts[1]));
        return CompletableFuture.completedFuture(new TokenAuthentication(new Renewed(parts[0]), expiresAt, Map.of()));
    }

    @Test
    void sessionsAreVisitedEachSecondAndMoreOftenWhereADeadlineIsShorter() {
        assertThat(ProtocolSessions.periodMillis(ProtocolSettings.DEFAULTS)).isEqualTo(1000);
        assertThat(ProtocolSessions.periodMillis(
                        ProtocolFixture.handlerTimeout(ProtocolSettings.DEFAULTS, Duration.ofMillis(400))))
                .isEqualTo(100);
    }
}
