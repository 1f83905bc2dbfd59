package io.github.realtimespring.protocol;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a publish with an idempotency key happen once (SPEC §6): the key is reserved before the handler runs, a repeat
 * gets the first acknowledgement, also while the first is still under way. A failure is forgotten, so that a repeat runs
 * again, but not its event id: what may have been published in spite of the failure is not published a second time.
 *
 * <p>Bounded by bytes and time. Thread-safe; nothing here waits.
 */
final class IdempotencyKeys {

    private static final long MAX_BYTES = 64L << 20;
    private static final int ENTRY_BYTES = 400;

    private final Cache<Scope, Reservation> reservations;

    /**
     * Where a key is unique.
     *
     * @param client the user, or the session of an anonymous client
     */
    record Scope(String client, RoutingKey room, String event, String key) {}

    /** What the first publish was answered. */
    record Ack(
            @Nullable Payload data,
            @Nullable String eventId,
            @Nullable Cursor cursor) {

        static final Ack EMPTY = new Ack(null, null, null);
    }

    private static final class Reservation {

        private final String eventId;
        private final CompletableFuture<Ack> ack = new CompletableFuture<>();

        Reservation(String eventId) {
            this.eventId = eventId;
        }

        int weight() {
            Payload data = this.ack.isDone() && !this.ack.isCompletedExceptionally()
                    ? this.ack.join().data()
                    : null;
            return ENTRY_BYTES + (data == null ? 0 : data.size());
        }
    }

    IdempotencyKeys(Duration window, Ticker ticker) {
        this.reservations = Caffeine.newBuilder()
                .maximumWeight(MAX_BYTES)
                .weigher((Scope scope, Reservation reservation) -> reservation.weight())
                .expireAfterWrite(window)
                .ticker(ticker::nanos)
                .build();
    }

    /**
     * Runs {@code publish} with an event id, unless it ran or runs for this scope.
     *
     * @return what {@code publish} gives, now or back then
     */
    CompletionStage<Ack> once(Scope scope, long nowMillis, Function<String, CompletionStage<Ack>> publish) {
        Reservation[] own = new Reservation[1];
        Reservation reserved = this.reservations.asMap().compute(scope, (key, earlier) -> {
            if (earlier != null && !earlier.ack.isCompletedExceptionally()) {
                return earlier;
            }
            own[0] = new Reservation(earlier == null ? EventId.next(nowMillis) : earlier.eventId);
            return own[0];
        });
        if (reserved == own[0]) {
            run(scope, reserved, publish);
        }
        return reserved.ack.copy();
    }

    private void run(Scope scope, Reservation reservation, Function<String, CompletionStage<Ack>> publish) {
        CompletionStage<Ack> outcome;
        try {
            outcome = publish.apply(reservation.eventId);
        } catch (RuntimeException ex) {
            outcome = CompletableFuture.failedFuture(ex);
        }
        outcome.whenComplete((ack, failure) -> {
            if (failure != null) {
                reservation.ack.completeExceptionally(Stages.unwrap(failure));
                return;
            }
            reservation.ack.complete(ack);
            if (ack.data() != null) {
                // Weighed again, with what it holds now.
                this.reservations.asMap().replace(scope, reservation, reservation);
            }
        });
    }
}
