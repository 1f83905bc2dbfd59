package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** A connection is welcomed once events for its user arrive from every node. */
class UserKeyTests {

    private static final RoutingKey ALICE = Objects.requireNonNull(ConnectionRegistry.userKey(Identity.user("alice")));

    private final CompletableFuture<Void> inForce = new CompletableFuture<>();
    private final AtomicReference<SlowBackplane> backplane = new AtomicReference<>();
    private final ProtocolFixture node = new ProtocolFixture(
            settings -> settings,
            null,
            local -> {
                this.backplane.set(new SlowBackplane(local, ALICE, this.inForce));
                return this.backplane.get();
            },
            null);

    @AfterEach
    void close() {
        this.node.close();
    }

    private static String type(JsonNode frame) {
        return frame.get("type").stringValue();
    }

    @Test
    void welcomeWaitsUntilTheUsersKeyIsSubscribed() {
        ProtocolFixture.Client alice = this.node.user("alice");
        assertThat(alice.frames()).isEmpty();

        this.inForce.complete(null);

        assertThat(alice.frames()).extracting(UserKeyTests::type).containsExactly("welcome");
    }

    @Test
    void whoIsAnonymousOrHasAConnectionAlreadyWaitsForNothing() {
        assertThat(this.node.anonymous().frames("welcome")).hasSize(1);
        this.node.user("alice");
        this.inForce.complete(null);
        assertThat(this.node.user("alice").frames("welcome")).hasSize(1);
    }

    @Test
    void whatIsSentToTheUserMeanwhileComesBehindWelcome() {
        ProtocolFixture.Client alice = this.node.user("alice");
        this.node.template.user("alice").send("note", Map.of("n", 1));
        assertThat(alice.frames()).isEmpty();

        this.inForce.complete(null);
        alice.awaitFrames("event", 1);

        assertThat(alice.frames()).extracting(UserKeyTests::type).containsExactly("welcome", "event");
    }

    @Test
    void whatTheClientAsksForMeanwhileBeginsBehindWelcome() {
        ProtocolFixture.Client alice = this.node.user("alice");
        alice.join(1, "project:42");
        assertThat(alice.isMember(ProtocolFixture.ROOM)).isFalse();

        this.inForce.complete(null);
        this.node.executor.runAll();

        assertThat(alice.frames()).extracting(UserKeyTests::type).containsExactly("welcome", "joined");
    }

    @Test
    void errorsOfFramesThatCameMeanwhileAreToldBehindWelcomeInTheirOrder() {
        ProtocolFixture.Client alice = this.node.user("alice");
        alice.send("{'type':'nonsense','id':1}").send("{'type':'nonsense','id':2}");
        assertThat(alice.frames()).isEmpty();

        this.inForce.complete(null);
        alice.send("{'type':'nonsense','id':3}");

        assertThat(alice.frames()).extracting(UserKeyTests::type).containsExactly("welcome", "error", "error", "error");
        assertThat(alice.frames("error"))
                .extracting(frame -> frame.get("id").longValue())
                .containsExactly(1L, 2L, 3L);
    }

    @Test
    void aKeyThatCannotBeSubscribedEndsTheConnectionAndLeavesNothing() {
        ProtocolFixture.Client alice = this.node.user("alice");
        alice.queue("{'type':'join','id':1,'room':'project:42'}");

        this.inForce.completeExceptionally(new IllegalStateException("down"));
        this.node.executor.runAll();

        assertThat(alice.closeCodes()).containsExactly(4503);
        assertThat(alice.frames()).isEmpty();
        assertThat(this.node.registry.membershipCount()).isZero();
        this.node.assertConsistent();
        assertThat(this.node.user("alice").frames("welcome")).hasSize(1);
    }

    @Test
    void aConnectionThatEndsMeanwhileIsNotWelcomed() {
        ProtocolFixture.Client alice = this.node.user("alice");
        alice.session.closed(io.github.realtimespring.CloseReason.ABNORMAL);

        this.inForce.complete(null);
        this.node.executor.runAll();

        assertThat(alice.frames()).isEmpty();
        assertThat(this.backplane.get().released()).contains(ALICE);
        assertThat(this.node.sessions.size()).isZero();
    }

    @Test
    void theLastConnectionOfAUserGivesTheKeyBack() {
        this.inForce.complete(null);
        ProtocolFixture.Client first = this.node.user("alice");
        ProtocolFixture.Client second = this.node.user("alice");
        first.session.closed(io.github.realtimespring.CloseReason.NORMAL);
        assertThat(this.backplane.get().released()).isEmpty();

        second.session.closed(io.github.realtimespring.CloseReason.NORMAL);
        assertThat(this.backplane.get().released()).containsExactly(ALICE);
    }

    @Test
    void aConnectionThatWaitsForTooLongEnds() {
        ProtocolFixture.Client alice = this.node.user("alice");
        alice.join(1, "project:42");
        this.node.advance(Duration.ofSeconds(31));

        assertThat(alice.closeCodes()).containsExactly(4503);
    }
}
