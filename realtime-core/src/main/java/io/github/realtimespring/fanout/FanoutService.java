package io.github.realtimespring.fanout;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.Event;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.history.History;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
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
    private final RoomHealth health;
    private final Timeouts timeouts = new Timeouts();
    /** Publishes of the last minutes by key and event id: a repeat finds the first one. */
    private final EventWindow<Known> recent;
    /** Own events that will come back from the backplane. */
    private final Map<EventWindow.Key, Returning> returning = new ConcurrentHashMap<>();

    private volatile InternalEvents internal = InternalEvents.none();

    /** This node's pass of an event that comes back; an event comes back once, whatever the backplane does. */
    private static final class Returning extends CompletableFuture<FanoutReceipt> {

        private final AtomicBoolean delivered = new AtomicBoolean();
        /** What refused it here, from that moment; whoever waits is told a moment later. */
        private volatile @Nullable RuntimeException refused;

        /** Notes it: who brings an event may hold a lock, under which nobody's dependents may run. */
        void refuse(RuntimeException failure, Timeouts timeouts) {
            this.refused = failure;
            timeouts.soon(() -> completeExceptionally(failure));
        }
    }

    /**
     * What is remembered of an event that was published here or came from elsewhere.
     *
     * @param order its order, {@code null} if it came from elsewhere
     * @param returning its pass here, if it was to come back
     */
    private record Known(
            Publication publication,
            @Nullable PublishOrder order,
            @Nullable Returning returning) {

        static Known published(Publication publication, PublishOrder order) {
            return new Known(publication, order, order == PublishOrder.BACKPLANE_ONLY ? new Returning() : null);
        }

        /** A publish of the same id here finds what the event's own publish must have answered. */
        static Known received(Event event) {
            Cursor cursor = event.cursor();
            BackplaneOutcome outcome = cursor == null ? BackplaneOutcome.PUBLISHED : BackplaneOutcome.RECORDED;
            Publication publication = new Publication(
                    event.id(),
                    CompletableFuture.completedFuture(new Publication.Commit(outcome, cursor)),
                    CompletableFuture.completedFuture(new PublishReceipt(
                            event.id(), cursor, FanoutReceipt.none(event.key()), outcome, RoomPolicy.Action.NONE)));
            return new Known(publication, null, null);
        }

        /** Nobody can tell what became of it, and no publish here delivered it: a repeat tries again. */
        boolean isUnknown() {
            if (this.order == null || this.order == PublishOrder.LOCAL_FIRST) {
                return false;
            }
            CompletableFuture<PublishReceipt> receipt =
                    this.publication.receipt().toCompletableFuture();
            return receipt.isDone()
                    && !receipt.isCompletedExceptionally()
                    && receipt.join().backplane() == BackplaneOutcome.UNKNOWN;
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
        this.health = new RoomHealth(policies, ticker);
        this.recent = new EventWindow<>(dedupeSize, dedupeTtl, ticker);
    }

    /** Events of the engine's own keys go there. Called before {@link #start}. */
    public void internal(InternalEvents internal) {
        this.internal = internal;
    }

    /**
     * Gives an event to the other nodes alone; whoever calls has seen to the members here.
     *
     * @return what the backplane says of it, within the publish timeout of its class; the stage never fails
     */
    public CompletionStage<BackplaneOutcome> spread(Event event) {
        return handOver(event).thenApply(Published::outcome);
    }

    /** Begins to take events from the backplane. */
    public void start() {
        this.local.start();
        this.backplane.start(this);
    }

    /**
     * Publishes an event. A repeat of an id that was published to the same key within the dedupe window publishes
     * nothing and returns what the first publish returned, unless that was {@code UNKNOWN} and members here wait for the
     * backplane: then it is published again, and whoever has it already knows it by its id.
     *
     * @return the publish under way; its stages fail if the event was refused, and then nobody received it
     */
    public Publication publish(Event event) {
        CompletableFuture<Publication.Commit> committed = new CompletableFuture<>();
        CompletableFuture<PublishReceipt> receipt = new CompletableFuture<>();
        Publication publication = new Publication(event.id(), committed, receipt);
        EventWindow.Key eventKey = EventWindow.Key.of(event);
        Known mine = Known.published(publication, event.delivery().order());
        Known first = this.recent.putIfAbsent(eventKey, mine);
        if (first != null) {
            Known again = new Known(publication, first.order(), first.returning());
            if (!first.isUnknown() || !this.recent.replace(eventKey, first, again)) {
                return first.publication();
            }
            mine = again;
        }
        Known published = mine;
        receipt.whenComplete((done, failure) -> {
            if (failure != null || done.backplane() == BackplaneOutcome.REJECTED) {
                this.recent.remove(eventKey, published);
            }
        });
        try (Delivering here = this.local.delivering()) {
            begin(event, published, committed, receipt);
        } catch (RuntimeException refused) {
            committed.completeExceptionally(refused);
            receipt.completeExceptionally(refused);
        }
        return publication;
    }

    private void begin(
            Event event,
            Known known,
            CompletableFuture<Publication.Commit> committed,
            CompletableFuture<PublishReceipt> receipt) {
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
        BackplaneStatus status = this.backplane.status();
        if (!status.readable() && event.delivery().onNotReadable() == OnNotReadable.CLOSE) {
            closeMembers(event.key());
        }
        if (!status.writable()) {
            FanoutListener.Publishing publishing = this.listener.publishing(event);
            publishing.answered(notWritable(event, committed, receipt));
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
            case BACKPLANE_ONLY -> backplaneOnly(event, known, committed, receipt);
        }
    }

    private void backplaneOnly(
            Event event,
            Known known,
            CompletableFuture<Publication.Commit> committed,
            CompletableFuture<PublishReceipt> receipt) {
        EventWindow.Key eventKey = EventWindow.Key.of(event);
        Returning pass = Objects.requireNonNull(known.returning());
        this.returning.put(eventKey, pass);
        CompletionStage<Published> published = handOver(event);
        CompletableFuture<FanoutReceipt> seen = pass.isDone()
                ? pass
                : this.timeouts.complete(
                        pass.copy(),
                        FanoutReceipt.none(event.key()),
                        event.delivery().publishTimeout());
        published.thenAccept(answer -> {
            boolean took = took(answer.outcome());
            RuntimeException refused = pass.refused;
            if (!took && refused != null && !pass.delivered.get()) {
                committed.completeExceptionally(refused);
                receipt.completeExceptionally(refused);
                return;
            }
            if (answer.outcome() == BackplaneOutcome.REJECTED
                    && event.delivery().onNotWritable() != OnNotWritable.REJECT) {
                notWritable(event, committed, receipt);
                return;
            }
            if (answer.outcome() == BackplaneOutcome.REJECTED || took && !this.backplane.isSubscribed(event.key())) {
                pass.complete(FanoutReceipt.none(event.key()));
            }
            committed.complete(new Publication.Commit(answer.outcome(), answer.cursor()));
            // The store has it: what local delivery could not take comes later.
            join(
                    event,
                    seen.exceptionally(later -> FanoutReceipt.none(event.key())),
                    CompletableFuture.completedFuture(answer),
                    receipt);
        });
        receipt.whenComplete((done, failure) -> this.returning.remove(eventKey, pass));
    }

    /** What the class does with an event that the backplane does not take; the outcome is also in the receipt. */
    private BackplaneOutcome notWritable(
            Event event, CompletableFuture<Publication.Commit> committed, CompletableFuture<PublishReceipt> receipt) {
        OnNotWritable answer = event.delivery().onNotWritable();
        if (answer == OnNotWritable.LOCAL_ONLY || answer == OnNotWritable.DEGRADE) {
            CompletionStage<FanoutReceipt> pass = deliver(event, FanoutListener.Origin.LOCAL);
            this.backplane.withheld(event);
            Published localOnly = new Published(BackplaneOutcome.LOCAL_ONLY, null);
            committed.complete(new Publication.Commit(BackplaneOutcome.LOCAL_ONLY, null));
            join(event, pass, CompletableFuture.completedFuture(localOnly), receipt);
            return BackplaneOutcome.LOCAL_ONLY;
        }
        if (answer == OnNotWritable.CLOSE) {
            closeMembers(event.key());
        }
        committed.complete(new Publication.Commit(BackplaneOutcome.REJECTED, null));
        receipt.complete(new PublishReceipt(
                event.id(), null, FanoutReceipt.none(event.key()), BackplaneOutcome.REJECTED, RoomPolicy.Action.NONE));
        return BackplaneOutcome.REJECTED;
    }

    private void closeMembers(RoutingKey key) {
        this.connections.connections(key).forEach(connection -> connection.close(CloseReason.BACKPLANE));
    }

    /** Gives the event to the backplane; the stage never fails and is bounded by the publish timeout. */
    private CompletionStage<Published> handOver(Event event) {
        FanoutListener.Publishing publishing = this.listener.publishing(event);
        CompletableFuture<Published> answer;
        try {
            answer = this.backplane
                    .publish(new BackplaneMessage(this.origin, event, publishing.trace()))
                    .toCompletableFuture();
        } catch (RuntimeException ex) {
            answer = CompletableFuture.failedFuture(ex);
        }
        if (!answer.isDone()) {
            answer = this.timeouts.complete(
                    answer.copy(),
                    new Published(BackplaneOutcome.UNKNOWN, null),
                    event.delivery().publishTimeout());
        }
        return answer.handle((published, failure) -> {
            Published result = failure == null ? published : new Published(BackplaneOutcome.UNKNOWN, null);
            if (result.outcome() == BackplaneOutcome.REJECTED
                    && event.delivery().order() == PublishOrder.LOCAL_FIRST) {
                // Members here have it.
                result = new Published(BackplaneOutcome.LOCAL_ONLY, null);
            }
            publishing.answered(result.outcome());
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
        return deliver(event, origin, Map.of());
    }

    private CompletionStage<FanoutReceipt> deliver(
            Event event, FanoutListener.Origin origin, Map<String, String> trace) {
        CompletableFuture<FanoutReceipt> over = new CompletableFuture<>();
        deliver(event, origin, trace, over);
        return over;
    }

    /** @param over completed when the pass is over, never on the stack of this call: who brings an event may hold a lock */
    private void deliver(
            Event event,
            FanoutListener.Origin origin,
            Map<String, String> trace,
            CompletableFuture<FanoutReceipt> over) {
        if (!isMissedForGood(event)) {
            this.local.deliver(event, origin, trace, receipt -> over.complete(passed(receipt)));
            return;
        }
        // Before the members are looked up: who is none of them then finds the event declared.
        Runnable delivered = this.history.unrecorded(event.key());
        try {
            this.local.deliver(event, origin, trace, receipt -> {
                delivered.run();
                over.complete(passed(receipt));
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
     * Delivers what the backplane brings. Own events come back only when they are backplane-only, and an id is delivered
     * once, wherever it was published.
     *
     * @throws io.github.realtimespring.RealtimeException if local delivery cannot take it
     */
    @Override
    public Received onMessage(BackplaneMessage message) {
        Event event = message.event();
        boolean own = message.origin().equals(this.origin);
        if (own && event.delivery().order() != PublishOrder.BACKPLANE_ONLY) {
            return Received.SELF;
        }
        InternalEvents internal = this.internal;
        if (internal.takes(event.key())) {
            return own ? Received.SELF : internal.received(event);
        }
        return own ? returned(event, message.trace()) : received(event, message.trace());
    }

    private Received returned(Event event, Map<String, String> trace) {
        EventWindow.Key eventKey = EventWindow.Key.of(event);
        Returning waiting = this.returning.get(eventKey);
        if (waiting == null) {
            // Later than the publish waited for it, or once more.
            Known known = this.recent.get(eventKey);
            waiting = known == null || known.returning() == null ? new Returning() : known.returning();
        }
        if (!waiting.delivered.compareAndSet(false, true)) {
            return Received.DUPLICATE;
        }
        try {
            deliver(event, FanoutListener.Origin.LOCAL, trace, waiting);
            return Received.DELIVERED;
        } catch (RuntimeException refused) {
            waiting.delivered.set(false);
            waiting.refuse(refused, this.timeouts);
            throw refused;
        }
    }

    private Received received(Event event, Map<String, String> trace) {
        EventWindow.Key eventKey = EventWindow.Key.of(event);
        Known known = Known.received(event);
        if (this.recent.putIfAbsent(eventKey, known) != null) {
            return Received.DUPLICATE;
        }
        if (!this.local.hasMembers(event.key())) {
            return Received.NO_MEMBERS;
        }
        try {
            deliver(event, FanoutListener.Origin.REMOTE, trace);
            return Received.DELIVERED;
        } catch (RuntimeException refused) {
            this.recent.remove(eventKey, known);
            throw refused;
        }
    }

    @Override
    public Delivering delivering() {
        return this.local.delivering();
    }

    @Override
    public boolean isKnown(RoutingKey key, String eventId) {
        return this.recent.get(new EventWindow.Key(key, eventId)) != null;
    }

    @Override
    public boolean isNeeded(RoutingKey key) {
        InternalEvents internal = this.internal;
        return internal.takes(key) ? internal.isNeeded(key) : this.local.hasMembers(key);
    }

    @Override
    public int connections() {
        return this.connections.size();
    }

    @Override
    public boolean onLoss(RoutingKey key, long events) {
        InternalEvents internal = this.internal;
        if (internal.takes(key)) {
            internal.lost(key);
            return false;
        }
        this.local.gap(key, GapReason.BACKPLANE);
        return true;
    }

    /** Passes that wait or run. */
    public int pending() {
        return this.local.pending();
    }
}
