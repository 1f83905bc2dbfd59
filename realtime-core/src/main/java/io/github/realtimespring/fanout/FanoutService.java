package io.github.realtimespring.fanout;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.Event;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.history.History;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Publishes events: to this node's members and to the backplane, in the order and with the guarantees of each event's
 * delivery class (SPEC §6, §7). It is also what the backplane hands events to.
 *
 * <p>Thread-safe; no method waits. Publishes of one caller to one key are delivered in the order of the calls.
 *
 * @since 0.1.0
 */
public final class FanoutService implements BackplaneListener {

    private final String origin;
    private final LocalFanout local;
    private final BackplaneAdapter backplane;
    private final History history;
    private final ConnectionRegistry connections;
    private final FanoutListener listener;
    private final Ticker ticker;
    private final RoomHealth health;
    /** Publishes of the last minutes by key and event id: a repeat finds the first one. */
    private final Cache<EventKey, Publication> recent;
    /** Own events that will come back from the backplane. */
    private final Map<EventKey, CompletableFuture<FanoutReceipt>> returning = new ConcurrentHashMap<>();

    private record EventKey(RoutingKey key, String id) {
        static EventKey of(Event event) {
            return new EventKey(event.key(), event.id());
        }
    }

    /**
     * @param origin names this process on the backplane: random per boot
     * @param history told of the events that it does not get
     * @param policies the policy of a room, {@code null} for rooms without
     * @param dedupeSize how many publishes are remembered by their id
     * @param dedupeTtl how long they are remembered
     */
    public FanoutService(
            String origin,
            LocalFanout local,
            BackplaneAdapter backplane,
            History history,
            ConnectionRegistry connections,
            Function<RoutingKey, @Nullable RoomPolicy> policies,
            FanoutListener listener,
            int dedupeSize,
            Duration dedupeTtl,
            Ticker ticker) {
        this.origin = origin;
        this.local = local;
        this.backplane = backplane;
        this.history = history;
        this.connections = connections;
        this.listener = listener;
        this.ticker = ticker;
        this.health = new RoomHealth(policies, ticker);
        this.recent = Caffeine.newBuilder()
                .maximumSize(dedupeSize)
                .expireAfterWrite(dedupeTtl)
                .ticker(ticker::nanos)
                .build();
    }

    /** Begins to take events from the backplane. */
    public void start() {
        this.local.start();
        this.backplane.start(this);
    }

    /**
     * Publishes an event. A repeat of an id that was published to the same key within the dedupe window publishes
     * nothing and returns what the first publish returned.
     *
     * @return the publish under way; its stages fail if the event was refused, and then nobody received it
     */
    public Publication publish(Event event) {
        CompletableFuture<Publication.Commit> committed = new CompletableFuture<>();
        CompletableFuture<PublishReceipt> receipt = new CompletableFuture<>();
        Publication publication = new Publication(event.id(), committed, receipt);
        EventKey eventKey = EventKey.of(event);
        Publication first = this.recent.asMap().putIfAbsent(eventKey, publication);
        if (first != null) {
            return first;
        }
        receipt.whenComplete((done, failure) -> {
            if (failure != null || done.backplane() == BackplaneOutcome.REJECTED) {
                this.recent.asMap().remove(eventKey, publication);
            }
        });
        try {
            begin(event, committed, receipt);
        } catch (RuntimeException refused) {
            committed.completeExceptionally(refused);
            receipt.completeExceptionally(refused);
        }
        return publication;
    }

    private void begin(
            Event event, CompletableFuture<Publication.Commit> committed, CompletableFuture<PublishReceipt> receipt) {
        RoomPolicy.Action action = this.health.action(event.key());
        if (action == RoomPolicy.Action.REFUSE_SENDS) {
            throw new RoomOverloadedException(this.health.window(event.key()));
        }
        if (action == RoomPolicy.Action.SHED_EPHEMERAL && event.delivery().name() == Delivery.EPHEMERAL) {
            committed.complete(new Publication.Commit(BackplaneOutcome.LOCAL_ONLY, null));
            receipt.complete(new PublishReceipt(
                    event.id(), null, shed(event), BackplaneOutcome.LOCAL_ONLY, RoomPolicy.Action.SHED_EPHEMERAL));
            return;
        }
        if (!this.backplane.status().writable()) {
            notWritable(event, committed, receipt);
            return;
        }
        switch (event.delivery().order()) {
            case LOCAL_FIRST -> {
                CompletionStage<FanoutReceipt> pass = deliver(event, FanoutListener.Origin.LOCAL);
                committed.complete(new Publication.Commit(null, null));
                join(event, pass, handOver(event), receipt);
            }
            case PUBLISH_FIRST -> {
                CompletionStage<Published> published = handOver(event);
                published.thenAccept(answer -> {
                    committed.complete(new Publication.Commit(answer.outcome(), answer.cursor()));
                    try {
                        Cursor cursor = answer.cursor();
                        CompletionStage<FanoutReceipt> pass = took(answer.outcome())
                                ? deliver(
                                        cursor == null ? event : event.withCursor(cursor), FanoutListener.Origin.LOCAL)
                                : CompletableFuture.completedFuture(FanoutReceipt.none(event.key()));
                        join(event, pass, published, receipt);
                    } catch (RuntimeException refused) {
                        receipt.completeExceptionally(refused);
                    }
                });
            }
            case BACKPLANE_ONLY -> backplaneOnly(event, committed, receipt);
        }
    }

    private void backplaneOnly(
            Event event, CompletableFuture<Publication.Commit> committed, CompletableFuture<PublishReceipt> receipt) {
        EventKey eventKey = EventKey.of(event);
        CompletableFuture<FanoutReceipt> pass = new CompletableFuture<>();
        this.returning.put(eventKey, pass);
        CompletionStage<Published> published = handOver(event);
        published.thenAccept(answer -> {
            if (!took(answer.outcome())) {
                if (pass.isCompletedExceptionally()) {
                    pass.whenComplete((none, refused) -> {
                        committed.completeExceptionally(refused);
                        receipt.completeExceptionally(refused);
                    });
                    return;
                }
                if (answer.outcome() == BackplaneOutcome.REJECTED) {
                    pass.complete(FanoutReceipt.none(event.key()));
                }
            }
            committed.complete(new Publication.Commit(answer.outcome(), answer.cursor()));
        });
        CompletionStage<FanoutReceipt> seen = pass.isDone()
                ? pass
                : pass.copy()
                        .completeOnTimeout(
                                FanoutReceipt.none(event.key()),
                                event.delivery().publishTimeout().toNanos(),
                                TimeUnit.NANOSECONDS);
        join(event, seen, published, receipt);
        receipt.whenComplete((done, failure) -> this.returning.remove(eventKey, pass));
    }

    private void notWritable(
            Event event, CompletableFuture<Publication.Commit> committed, CompletableFuture<PublishReceipt> receipt) {
        OnNotWritable answer = event.delivery().onNotWritable();
        if (answer == OnNotWritable.LOCAL_ONLY || answer == OnNotWritable.DEGRADE) {
            CompletionStage<FanoutReceipt> pass = deliver(event, FanoutListener.Origin.LOCAL);
            Published localOnly = new Published(BackplaneOutcome.LOCAL_ONLY, null);
            this.listener.published(event, BackplaneOutcome.LOCAL_ONLY, 0);
            committed.complete(new Publication.Commit(BackplaneOutcome.LOCAL_ONLY, null));
            join(event, pass, CompletableFuture.completedFuture(localOnly), receipt);
            return;
        }
        if (answer == OnNotWritable.CLOSE) {
            this.connections.connections(event.key()).forEach(connection -> connection.close(CloseReason.BACKPLANE));
        }
        this.listener.published(event, BackplaneOutcome.REJECTED, 0);
        committed.complete(new Publication.Commit(BackplaneOutcome.REJECTED, null));
        receipt.complete(new PublishReceipt(
                event.id(), null, FanoutReceipt.none(event.key()), BackplaneOutcome.REJECTED, RoomPolicy.Action.NONE));
    }

    /** Gives the event to the backplane; the stage never fails and is bounded by the publish timeout. */
    private CompletionStage<Published> handOver(Event event) {
        long began = this.ticker.nanos();
        CompletableFuture<Published> answer;
        try {
            answer = this.backplane
                    .publish(new BackplaneMessage(this.origin, event))
                    .toCompletableFuture();
        } catch (RuntimeException ex) {
            answer = CompletableFuture.failedFuture(ex);
        }
        if (!answer.isDone()) {
            answer = answer.copy()
                    .completeOnTimeout(
                            new Published(BackplaneOutcome.UNKNOWN, null),
                            event.delivery().publishTimeout().toNanos(),
                            TimeUnit.NANOSECONDS);
        }
        return answer.handle((published, failure) -> {
            Published result = failure == null ? published : new Published(BackplaneOutcome.UNKNOWN, null);
            this.listener.published(event, result.outcome(), this.ticker.nanos() - began);
            return result;
        });
    }

    private static void join(
            Event event,
            CompletionStage<FanoutReceipt> pass,
            CompletionStage<Published> published,
            CompletableFuture<PublishReceipt> receipt) {
        pass.thenCombine(
                        published,
                        (local, answer) -> new PublishReceipt(
                                event.id(), answer.cursor(), local, answer.outcome(), RoomPolicy.Action.NONE))
                .whenComplete((done, failure) -> {
                    if (failure == null) {
                        receipt.complete(done);
                    } else {
                        receipt.completeExceptionally(
                                failure instanceof CompletionException && failure.getCause() != null
                                        ? failure.getCause()
                                        : failure);
                    }
                });
    }

    private CompletionStage<FanoutReceipt> deliver(Event event, FanoutListener.Origin origin) {
        if (!isMissedForGood(event)) {
            return this.local.deliver(event, origin).thenApply(this::passed);
        }
        // Before the members are looked up: who is none of them then finds the event declared.
        Runnable delivered = this.history.unrecorded(event.key());
        try {
            return this.local.deliver(event, origin).thenApply(receipt -> {
                delivered.run();
                return passed(receipt);
            });
        } catch (RuntimeException refused) {
            delivered.run();
            throw refused;
        }
    }

    private FanoutReceipt passed(FanoutReceipt receipt) {
        this.health.record(receipt);
        return receipt;
    }

    /** Whether who is away does not get it later, and has to be told so. */
    private static boolean isMissedForGood(Event event) {
        return event.cursor() == null
                && event.key().kind() == RoutingKey.Kind.ROOM
                && event.delivery().declaresLoss();
    }

    private FanoutReceipt shed(Event event) {
        int members = this.connections.connections(event.key()).size();
        return new FanoutReceipt(event.key(), members, members, 0, 0, 0, members, 0, 0, 0, Duration.ZERO, 0);
    }

    private static boolean took(BackplaneOutcome outcome) {
        return outcome == BackplaneOutcome.PUBLISHED || outcome == BackplaneOutcome.RECORDED;
    }

    /**
     * Delivers what the backplane brings. Own events come back only when they are backplane-only.
     *
     * @throws io.github.realtimespring.RealtimeException if local delivery cannot take it
     */
    @Override
    public void onMessage(BackplaneMessage message) {
        Event event = message.event();
        boolean own = message.origin().equals(this.origin);
        if (own && event.delivery().order() != PublishOrder.BACKPLANE_ONLY) {
            return;
        }
        CompletableFuture<FanoutReceipt> waiting = own ? this.returning.get(EventKey.of(event)) : null;
        try {
            CompletionStage<FanoutReceipt> pass =
                    deliver(event, own ? FanoutListener.Origin.LOCAL : FanoutListener.Origin.REMOTE);
            if (waiting != null) {
                pass.thenAccept(waiting::complete);
            }
        } catch (RuntimeException refused) {
            if (waiting != null) {
                waiting.completeExceptionally(refused);
            }
            throw refused;
        }
    }

    /** Passes that wait or run. */
    public int pending() {
        return this.local.pending();
    }
}
