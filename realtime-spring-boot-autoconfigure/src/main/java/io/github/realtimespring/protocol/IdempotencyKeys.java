package io.github.realtimespring.protocol;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.IdempotencyStore.Claim;
import io.github.realtimespring.history.IdempotencyStore.Scope;
import io.github.realtimespring.history.MemoryIdempotencyStore;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes a publish with an idempotency key happen once (SPEC §6, docs/decisions/0024): the key is reserved before the
 * handler runs, a repeat gets the first acknowledgement, also while the first is still under way. A failure is forgotten,
 * so that a repeat runs again, but not its event id: what may have been published in spite of the failure is not published
 * a second time.
 *
 * <p>What this node did is in its memory; where nodes share a store, that is asked as well. A store that cannot be asked
 * keeps no publish from its handler: what other nodes did is not known then, which is counted.
 *
 * <p>What is under way is bounded by those who send, what is over by bytes and time. Thread-safe; nothing here waits.
 *
 * <h2>Concurrency</h2>
 *
 * An attempt is one publish under way. Its monitor is held while the stores are told of it, so that it is claimed once
 * more only before it is answered or released: later, the claim would stand until its lease ends. Under it are the stores'
 * locks only.
 */
final class IdempotencyKeys {

    private static final Logger logger = LoggerFactory.getLogger(IdempotencyKeys.class);

    /** How long a node that died keeps a key from being used by a repeat elsewhere. */
    static final Duration LEASE = Duration.ofSeconds(10);

    private static final long RENEWAL = LEASE.toNanos() / 4;
    private static final long MAX_BYTES = 64L << 20;
    private static final int MAX_CLAIMS = 1_000_000;

    /** The largest answer that other nodes are told. */
    static final int MAX_SHARED = 256 << 10;

    /** Answers that the shared store did not take and that are tried again. */
    private static final int MAX_UNSAVED = 1000;

    private final MemoryIdempotencyStore own;
    private final @Nullable IdempotencyStore shared;
    private final Duration patience;
    private final Executor executor;
    private final Ticker ticker;
    private final Consumer<KeyedPublish> listener;
    private final Map<Scope, Attempt> attempts = new ConcurrentHashMap<>();
    private final Map<Scope, Unsaved> unsaved = new ConcurrentHashMap<>();
    private final long window;

    /** What the first publish was answered. */
    record Ack(
            @Nullable Payload data,
            @Nullable String eventId,
            @Nullable Cursor cursor) {

        static final Ack EMPTY = new Ack(null, null, null);

        private static final int VERSION = 1;

        byte[] bytes() {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(this.data == null ? 64 : 64 + this.data.size());
            try (DataOutputStream out = new DataOutputStream(bytes)) {
                out.writeByte(VERSION);
                out.writeUTF(this.eventId == null ? "" : this.eventId);
                out.writeUTF(this.cursor == null ? "" : this.cursor.toString());
                if (this.data != null) {
                    out.write(this.data.bytes());
                }
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
            return bytes.toByteArray();
        }

        /** @throws IllegalArgumentException if it is none */
        static Ack of(byte[] bytes) {
            try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
                if (in.readByte() != VERSION) {
                    throw new IllegalArgumentException("an acknowledgement of another version");
                }
                String eventId = in.readUTF();
                String cursor = in.readUTF();
                byte[] data = in.readAllBytes();
                return new Ack(
                        data.length == 0 ? null : Payload.ofJson(data),
                        eventId.isEmpty() ? null : eventId,
                        cursor.isEmpty()
                                ? null
                                : Cursor.parse(cursor).orElseThrow(() -> new IllegalArgumentException("no cursor")));
            } catch (IOException ex) {
                throw new IllegalArgumentException("no acknowledgement", ex);
            }
        }
    }

    /** An answer that the shared store does not have. */
    private record Unsaved(String eventId, byte[] answer, long until) {}

    /** Keys of one node. */
    IdempotencyKeys(Duration window, Ticker ticker) {
        this(window, window, null, Runnable::run, ticker, outcome -> {});
    }

    /**
     * @param window how long an answer is remembered
     * @param patience how long a repeat waits for the answer to a first publish on another node
     * @param shared what other nodes do; {@code null} if there are none
     * @param executor runs handlers when the shared store has answered
     */
    IdempotencyKeys(
            Duration window,
            Duration patience,
            @Nullable IdempotencyStore shared,
            Executor executor,
            Ticker ticker,
            Consumer<KeyedPublish> listener) {
        this.own = new MemoryIdempotencyStore(window, LEASE, MAX_BYTES, MAX_CLAIMS, ticker);
        this.window = window.toNanos();
        this.patience = patience;
        this.shared = shared;
        this.executor = executor;
        this.ticker = ticker;
        this.listener = listener;
    }

    /**
     * Runs {@code publish} with an event id, unless it ran or runs for this scope.
     *
     * @return what {@code publish} gives, now or back then
     */
    CompletionStage<Ack> once(Scope scope, long nowMillis, Function<String, CompletionStage<Ack>> publish) {
        Attempt mine = new Attempt(scope, EventId.next(nowMillis), publish);
        Attempt first = this.attempts.putIfAbsent(scope, mine);
        if (first != null) {
            this.listener.accept(KeyedPublish.AWAITED);
            return first.ack.copy();
        }
        mine.begin();
        return mine.ack.copy();
    }

    /** Publishes that are under way, those included that wait for one of another node. */
    int pending() {
        return this.attempts.size();
    }

    /** Asks again for those who wait for another node, and says of the others that they are still at it. */
    void tick(long now) {
        IdempotencyStore shared = this.shared;
        if (shared == null) {
            return;
        }
        this.attempts.values().forEach(attempt -> attempt.tick(shared, now));
        for (Iterator<Map.Entry<Scope, Unsaved>> all = this.unsaved.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<Scope, Unsaved> entry = all.next();
            all.remove();
            if (entry.getValue().until() - now > 0) {
                save(shared, entry.getKey(), entry.getValue());
            }
        }
    }

    private void save(IdempotencyStore shared, Scope scope, Unsaved answer) {
        told(() -> shared.answer(scope, answer.eventId(), answer.answer())).whenComplete((done, failure) -> {
            if (failure != null && this.unsaved.size() < MAX_UNSAVED) {
                this.unsaved.put(scope, answer);
            }
        });
    }

    private interface Call<T> {
        CompletionStage<T> call();
    }

    private static <T> CompletableFuture<T> told(Call<T> call) {
        try {
            return call.call().toCompletableFuture();
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    /** One publish under way. */
    private final class Attempt {

        private final Scope scope;
        private final Function<String, CompletionStage<Ack>> publish;
        private final CompletableFuture<Ack> ack = new CompletableFuture<>();
        /** Names the attempt at the stores: an event id is unique, and the event of a later attempt may have another one. */
        private final String holder;

        private String eventId;
        private long began;
        private long claimed;
        private boolean asking;
        private boolean waiting;
        private boolean running;
        private boolean over;

        Attempt(Scope scope, String eventId, Function<String, CompletionStage<Ack>> publish) {
            this.scope = scope;
            this.publish = publish;
            this.holder = eventId;
            this.eventId = eventId;
        }

        void begin() {
            IdempotencyKeys keys = IdempotencyKeys.this;
            this.began = keys.ticker.nanos();
            CompletableFuture<Claim> known = told(() -> keys.own.claim(this.scope, this.holder, this.eventId));
            Claim claim = known.isCompletedExceptionally() ? null : known.join();
            if (claim != null && answered(claim, KeyedPublish.REPEATED)) {
                return;
            }
            String eventId = claim == null ? this.eventId : claim.eventId();
            if (keys.shared == null) {
                run(eventId, KeyedPublish.FIRST);
                return;
            }
            synchronized (this) {
                this.eventId = eventId;
            }
            CompletableFuture<Claim> asked = ask(keys.shared);
            if (asked.isDone()) {
                found(asked);
            } else {
                await(asked);
            }
        }

        /** Asks the shared store whose the scope is. */
        private CompletableFuture<Claim> ask(IdempotencyStore shared) {
            synchronized (this) {
                this.asking = true;
                this.claimed = IdempotencyKeys.this.ticker.nanos();
                String eventId = this.eventId;
                return told(() -> shared.claim(this.scope, this.holder, eventId));
            }
        }

        /** A handler may follow, which is not for the thread that brings the answer. */
        private void await(CompletableFuture<Claim> asked) {
            asked.whenComplete((claim, failure) -> {
                try {
                    IdempotencyKeys.this.executor.execute(() -> found(asked));
                } catch (RejectedExecutionException ex) {
                    settle(null, ex);
                }
            });
        }

        private void found(CompletableFuture<Claim> asked) {
            Claim claim;
            String eventId;
            boolean waited;
            synchronized (this) {
                if (this.over) {
                    return;
                }
                this.asking = false;
                claim = asked.isCompletedExceptionally() ? null : asked.join();
                waited = this.waiting;
                this.waiting = claim != null && claim.state() == IdempotencyStore.State.TAKEN;
                eventId = claim == null ? this.eventId : claim.eventId();
                if (this.waiting) {
                    // Should it be handled here after all, then as the same event.
                    this.eventId = eventId;
                    return;
                }
            }
            if (claim == null) {
                asked.whenComplete(
                        (none, failure) -> logger.debug("Whether a publish is a repeat is not known", failure));
                run(eventId, KeyedPublish.UNSHARED);
            } else if (!answered(claim, waited ? KeyedPublish.AWAITED : KeyedPublish.REPEATED)) {
                run(eventId, KeyedPublish.FIRST);
            }
        }

        /** Whether there is an answer, which is the caller's now. */
        private boolean answered(Claim claim, KeyedPublish outcome) {
            byte[] answer = claim.answer();
            if (claim.state() != IdempotencyStore.State.ANSWERED || answer == null) {
                return false;
            }
            Ack first;
            try {
                first = Ack.of(answer);
            } catch (IllegalArgumentException ex) {
                logger.warn("What the store has for an idempotency key is not an answer; the publish is handled", ex);
                return false;
            }
            IdempotencyKeys.this.listener.accept(outcome);
            synchronized (this) {
                this.over = true;
            }
            IdempotencyKeys.this.own.answer(this.scope, claim.eventId(), answer);
            IdempotencyKeys.this.attempts.remove(this.scope, this);
            this.ack.complete(first);
            return true;
        }

        private void run(String eventId, KeyedPublish outcome) {
            IdempotencyKeys.this.listener.accept(outcome);
            synchronized (this) {
                this.eventId = eventId;
                this.running = true;
            }
            CompletionStage<Ack> published;
            try {
                published = this.publish.apply(eventId);
            } catch (RuntimeException ex) {
                published = CompletableFuture.failedFuture(ex);
            }
            published.whenComplete(this::settle);
        }

        private void settle(@Nullable Ack ack, @Nullable Throwable failure) {
            IdempotencyKeys keys = IdempotencyKeys.this;
            byte[] answer = ack == null ? null : ack.bytes();
            synchronized (this) {
                this.over = true;
                if (answer != null) {
                    keys.own.answer(this.scope, this.eventId, answer);
                } else {
                    keys.own.release(this.scope, this.holder, this.eventId);
                }
                if (keys.shared != null) {
                    if (answer != null && answer.length <= MAX_SHARED) {
                        keys.save(
                                keys.shared,
                                this.scope,
                                new Unsaved(this.eventId, answer, keys.ticker.nanos() + keys.window));
                    } else {
                        IdempotencyStore shared = keys.shared;
                        told(() -> shared.release(this.scope, this.holder, this.eventId));
                    }
                }
            }
            keys.attempts.remove(this.scope, this);
            if (ack != null) {
                this.ack.complete(ack);
            } else {
                this.ack.completeExceptionally(
                        failure == null ? new IllegalStateException("no acknowledgement") : Stages.unwrap(failure));
            }
        }

        void tick(IdempotencyStore shared, long now) {
            boolean late;
            synchronized (this) {
                if (this.over || this.asking) {
                    return;
                }
                if (this.running) {
                    if (now - this.claimed >= RENEWAL) {
                        this.claimed = now;
                        told(() -> shared.claim(this.scope, this.holder, this.eventId));
                    }
                    return;
                }
                if (!this.waiting) {
                    return;
                }
                late = now - this.began > IdempotencyKeys.this.patience.toNanos();
            }
            if (late) {
                // It is somebody else's: nothing is to be released.
                giveUp();
            } else {
                await(ask(shared));
            }
        }

        private void giveUp() {
            synchronized (this) {
                this.over = true;
            }
            IdempotencyKeys.this.own.release(this.scope, this.holder, this.eventId);
            IdempotencyKeys.this.attempts.remove(this.scope, this);
            this.ack.completeExceptionally(
                    new RealtimeException(ErrorCode.TIMEOUT, "the first publish with this key takes too long"));
        }
    }
}
