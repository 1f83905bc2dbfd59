package io.github.realtimespring.test.history;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.IdempotencyStore.Claim;
import io.github.realtimespring.history.IdempotencyStore.Scope;
import io.github.realtimespring.history.IdempotencyStore.State;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/**
 * What a store of idempotency keys promises ({@link IdempotencyStore}); a class that extends this asks it of one.
 *
 * @since 0.1.0
 */
public abstract class IdempotencyStoreContract {

    /** How long the stores remember what is over. */
    protected static final Duration WINDOW = Duration.ofMillis(600);

    /** How long a claim is good at them. */
    protected static final Duration LEASE = Duration.ofMillis(300);

    private static final RoutingKey ROOM = RoutingKey.room("project:42").withTenant("acme");
    private static final Scope SCOPE = new Scope("user:alice", ROOM, "message.send", "k1");

    /** The store as a node uses it; all that one test gets are of one application, and can be used at once. */
    protected abstract IdempotencyStore node();

    private static <T> T get(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(10, TimeUnit.SECONDS).join();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static void assertClaim(CompletionStage<Claim> claim, State state, String eventId) {
        Claim found = get(claim);
        assertThat(found.state()).isEqualTo(state);
        assertThat(found.eventId()).isEqualTo(eventId);
    }

    @Test
    void oneOfTwoNodesGetsTheScope() {
        IdempotencyStore one = node();
        IdempotencyStore two = node();

        assertClaim(one.claim(SCOPE, "h1", "e1"), State.MINE, "e1");
        assertClaim(two.claim(SCOPE, "h2", "e2"), State.TAKEN, "e1");
        assertClaim(one.claim(SCOPE, "h1", "e1"), State.MINE, "e1");
    }

    @Test
    void theFirstAnswerIsEverybodysAnswer() {
        IdempotencyStore one = node();
        IdempotencyStore two = node();
        get(one.claim(SCOPE, "h1", "e1"));
        byte[] answer = {0, 1, -1, 13, 10};
        get(one.answer(SCOPE, "e1", answer));
        get(two.answer(SCOPE, "e2", bytes("another")));

        for (IdempotencyStore node : List.of(one, two)) {
            Claim found = get(node.claim(SCOPE, "h3", "e3"));
            assertThat(found.state()).isEqualTo(State.ANSWERED);
            assertThat(found.eventId()).isEqualTo("e1");
            assertThat(found.answer()).isEqualTo(answer);
        }
        get(one.release(SCOPE, "h1", "e1"));
        assertClaim(two.claim(SCOPE, "h3", "e3"), State.ANSWERED, "e1");
    }

    @Test
    void anAnswerWithoutAClaimIsRemembered() {
        IdempotencyStore node = node();
        get(node.answer(SCOPE, "e1", new byte[0]));

        Claim found = get(node.claim(SCOPE, "h1", "e2"));
        assertThat(found.state()).isEqualTo(State.ANSWERED);
        assertThat(found.answer()).isEmpty();
    }

    @Test
    void whatWasReleasedIsFreeAndKeepsItsEventId() {
        IdempotencyStore node = node();
        get(node.claim(SCOPE, "h1", "e1"));
        get(node.release(SCOPE, "h1", "e1"));

        assertClaim(node.claim(SCOPE, "h2", "e2"), State.MINE, "e1");
    }

    @Test
    void nobodyReleasesWhatIsAnothers() {
        IdempotencyStore node = node();
        get(node.claim(SCOPE, "h1", "e1"));
        get(node.release(SCOPE, "h2", "e2"));

        assertClaim(node.claim(SCOPE, "h2", "e2"), State.TAKEN, "e1");
    }

    /** A store that was emptied meanwhile, for instance. */
    @Test
    void aReleaseOfWhatIsNotKnownKeepsTheEventId() {
        IdempotencyStore node = node();
        get(node.release(SCOPE, "h1", "e1"));

        assertClaim(node.claim(SCOPE, "h2", "e2"), State.MINE, "e1");
    }

    @Test
    void aLeaseEndsAndTheEventIdStays() {
        IdempotencyStore node = node();
        get(node.claim(SCOPE, "h1", "e1"));
        long began = System.nanoTime();

        await().pollInterval(Duration.ofMillis(10))
                .until(() -> get(node.claim(SCOPE, "h2", "e2")).state() == State.MINE);

        assertThat(System.nanoTime() - began).isGreaterThan(LEASE.dividedBy(2).toNanos());
        assertClaim(node.claim(SCOPE, "h2", "e2"), State.MINE, "e1");
        assertClaim(node.claim(SCOPE, "h1", "e1"), State.TAKEN, "e1");
    }

    @Test
    void whoClaimsAgainHoldsIt() {
        IdempotencyStore node = node();
        long end = System.nanoTime() + LEASE.multipliedBy(2).toNanos();
        await().pollInterval(Duration.ofMillis(20)).until(() -> {
            assertClaim(node.claim(SCOPE, "h1", "e1"), State.MINE, "e1");
            return System.nanoTime() > end;
        });

        assertClaim(node.claim(SCOPE, "h2", "e2"), State.TAKEN, "e1");
    }

    @Test
    void anAnswerIsForgottenAfterTheWindow() {
        IdempotencyStore node = node();
        get(node.claim(SCOPE, "h1", "e1"));
        get(node.answer(SCOPE, "e1", bytes("1")));
        long began = System.nanoTime();

        await().pollInterval(Duration.ofMillis(20))
                .until(() -> get(node.claim(SCOPE, "h2", "e2")).state() != State.ANSWERED);

        assertThat(System.nanoTime() - began).isGreaterThan(WINDOW.dividedBy(2).toNanos());
        assertClaim(node.claim(SCOPE, "h2", "e2"), State.MINE, "e2");
    }

    @Test
    void anotherClientRoomTenantEventOrKeyIsAnotherScope() {
        IdempotencyStore node = node();
        List<Scope> scopes = List.of(
                SCOPE,
                new Scope("session:alice", ROOM, "message.send", "k1"),
                new Scope("user:alice", RoutingKey.room("project:42"), "message.send", "k1"),
                new Scope("user:alice", ROOM.withTenant("other"), "message.send", "k1"),
                new Scope("user:alice", RoutingKey.room("project:43").withTenant("acme"), "message.send", "k1"),
                new Scope("user:alice", ROOM, "message.edit", "k1"),
                new Scope("user:alice", ROOM, "message.send", "k2"),
                // The same text behind one another.
                new Scope("user:alic", ROOM, "message.send", "ek1"),
                new Scope("user:alice", ROOM, "message.sendk", "1"));
        for (int i = 0; i < scopes.size(); i++) {
            assertClaim(node.claim(scopes.get(i), "h" + i, "e" + i), State.MINE, "e" + i);
        }
    }

    @Test
    void clientsMayChooseWhatTheyWant() {
        IdempotencyStore node = node();
        Scope scope = new Scope(
                "user:{a}:b\r\n\u0000*\uD83D\uDE00",
                ROOM,
                "message.send",
                "}".repeat(100) + " ' \" \n" + "x".repeat(1000));

        assertClaim(node.claim(scope, "h1", "e1"), State.MINE, "e1");
        get(node.answer(scope, "e1", bytes("1")));
        assertClaim(node.claim(scope, "h2", "e2"), State.ANSWERED, "e1");
    }

    @Test
    void ofManyAtTheSameTimeOneGetsIt() throws Exception {
        IdempotencyStore one = node();
        IdempotencyStore two = node();
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            for (int trial = 0; trial < 50; trial++) {
                Scope scope = new Scope("user:alice", ROOM, "message.send", "trial" + trial);
                CyclicBarrier start = new CyclicBarrier(4);
                List<Future<Claim>> claims = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    IdempotencyStore node = i % 2 == 0 ? one : two;
                    String holder = "h" + i;
                    claims.add(threads.submit(() -> {
                        start.await(10, TimeUnit.SECONDS);
                        return get(node.claim(scope, holder, holder));
                    }));
                }
                List<Claim> found = new ArrayList<>();
                for (Future<Claim> claim : claims) {
                    found.add(claim.get(10, TimeUnit.SECONDS));
                }
                assertThat(found)
                        .filteredOn(claim -> claim.state() == State.MINE)
                        .hasSize(1);
                assertThat(found)
                        .extracting(Claim::eventId)
                        .containsOnly(found.get(0).eventId());
            }
        } finally {
            threads.shutdownNow();
        }
    }
}
