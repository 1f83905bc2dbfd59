package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.fanout.RoomPolicy;
import io.github.realtimespring.registry.MembershipChange;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.ApplicationEventPublisher;

/**
 * Sends events to rooms, users and connections from any bean (SPEC §8).
 *
 * <p>Thread-safe. Data is encoded on the calling thread before anything else happens: what cannot be encoded is refused
 * and nobody receives it. Events that one thread sends to one room are delivered in the order of the calls.
 *
 * @since 0.1.0
 */
public final class RealtimeTemplate {

    private static final Logger logger = LoggerFactory.getLogger(RealtimeTemplate.class);

    private final RealtimeEngine engine;
    private final EventTypes types;
    private final ApplicationEventPublisher publisher;
    private final Executor executor;
    private final InstantSource clock;
    private final boolean tenants;
    private final @Nullable String tenant;

    /**
     * @param engine what delivers
     * @param types names and classes of events
     * @param publisher takes {@link PublishFailedEvent}
     * @param executor completes the stages that this class returns, off the threads of the engine
     * @param clock the time of day that events are stamped with
     * @param tenants whether the application has tenants, so that a send outside a connection must name one
     */
    public RealtimeTemplate(
            RealtimeEngine engine,
            EventTypes types,
            ApplicationEventPublisher publisher,
            Executor executor,
            InstantSource clock,
            boolean tenants) {
        this(engine, types, publisher, executor, clock, tenants, null);
    }

    private RealtimeTemplate(
            RealtimeEngine engine,
            EventTypes types,
            ApplicationEventPublisher publisher,
            Executor executor,
            InstantSource clock,
            boolean tenants,
            @Nullable String tenant) {
        this.engine = engine;
        this.types = types;
        this.publisher = publisher;
        this.executor = executor;
        this.clock = clock;
        this.tenants = tenants;
        this.tenant = tenant;
    }

    /** This template inside a tenant. */
    public RealtimeTemplate tenant(String tenant) {
        return new RealtimeTemplate(
                this.engine,
                this.types,
                this.publisher,
                this.executor,
                this.clock,
                this.tenants,
                Objects.requireNonNull(tenant, "tenant"));
    }

    /**
     * A room, by its name or by a pattern with the values of its variables in their order.
     *
     * @throws io.github.realtimespring.InvalidRoutingKeyException if the values do not make a valid name
     * @throws IllegalArgumentException if there are more or fewer values than variables
     * @throws IllegalStateException if the application has tenants, none was named and the calling thread serves no
     *     connection
     */
    public Room room(String pattern, Object... variables) {
        if (variables.length == 0 && pattern.indexOf('{') < 0) {
            return new Room(this, key(RoutingKey.Kind.ROOM, pattern), null);
        }
        RoomPattern parsed = RoomPattern.parse(pattern);
        if (parsed.names().size() != variables.length) {
            throw new IllegalArgumentException("room pattern '" + pattern + "' has "
                    + parsed.names().size() + " variables, but there are " + variables.length + " values");
        }
        Iterator<Object> values = List.of(variables).iterator();
        return new Room(this, key(RoutingKey.Kind.ROOM, parsed.expand(name -> values.next())), null);
    }

    Room room(RoomPattern pattern, Function<String, @Nullable Object> variables) {
        return new Room(this, key(RoutingKey.Kind.ROOM, pattern.expand(variables)), null);
    }

    Room room(RoutingKey key, @Nullable ConnectionId self) {
        return new Room(this, key, self);
    }

    /** All connections of a user. */
    public RealtimeUser user(String name) {
        return new RealtimeUser(this, key(RoutingKey.Kind.USER, name));
    }

    /** All connections that the server subscribed to a channel. */
    public RealtimeTarget channel(String name) {
        return target(RoutingKey.Kind.CHANNEL, name);
    }

    /** All connections that the server subscribed to a topic. */
    public RealtimeTarget topic(String name) {
        return target(RoutingKey.Kind.TOPIC, name);
    }

    /** One connection of this process; elsewhere, gone or in another tenant, the receipt counts it as stale. */
    public RealtimeTarget connection(ConnectionId id) {
        Connection connection = this.engine.connections().find(id);
        RoomCall current = CurrentCall.get();
        String scope = this.tenant == null && current != null ? current.key().tenant() : this.tenant;
        boolean anywhere = this.tenant == null && current == null;
        if (connection == null
                || !(anywhere || Objects.equals(scope, connection.identity().tenant()))) {
            return new RealtimeTarget(this, new RoutingKey(RoutingKey.Kind.USER, scope, id.value()), Set.of(), id);
        }
        return new RealtimeTarget(this, directKey(connection), Set.of(), id);
    }

    private RealtimeTarget target(RoutingKey.Kind kind, String id) {
        return new RealtimeTarget(this, key(kind, id), Set.of(), null);
    }

    private RoutingKey key(RoutingKey.Kind kind, String id) {
        if (this.tenant != null) {
            return new RoutingKey(kind, this.tenant, id);
        }
        RoomCall current = CurrentCall.get();
        if (current != null) {
            return new RoutingKey(kind, current.key().tenant(), id);
        }
        if (this.tenants) {
            throw new IllegalStateException("this application has tenants: outside a connection, name one with"
                    + " tenant(\"…\") before " + kind.prefix() + "(…)");
        }
        return new RoutingKey(kind, null, id);
    }

    /** Events to one connection are events to its user, seen by that connection alone. */
    private static RoutingKey directKey(Connection connection) {
        String user = connection.identity().user();
        return new RoutingKey(
                RoutingKey.Kind.USER,
                connection.identity().tenant(),
                user == null ? connection.id().value() : user);
    }

    Event event(
            RoutingKey key, Set<ConnectionId> except, @Nullable String name, Object data, @Nullable String eventId) {
        EventTypes.Resolved type = this.types.resolve(name, data.getClass());
        if (type.delivery().recoverable() && key.kind() != RoutingKey.Kind.ROOM) {
            throw new InvalidEventTypeException(
                    type.name(),
                    "only rooms have a stream, so an event of class "
                            + type.delivery().name().wireName() + " cannot go to a "
                            + key.kind().prefix() + "; send it to a room or give it another class");
        }
        Instant now = this.clock.instant();
        return new Event(
                eventId == null ? EventId.next(now.toEpochMilli()) : eventId,
                key,
                type.name(),
                this.engine.encoder().payload(data),
                type.delivery(),
                now,
                null,
                except,
                this.types.coalesceKey(type, data));
    }

    Publication publish(Event event) {
        return this.engine.fanout().publish(event);
    }

    PublishReceipt send(Event event, @Nullable ConnectionId only) {
        BlockingCalls.refuseOnEngineThreads();
        if (only != null) {
            return sendDirect(event, only);
        }
        Publication publication = publish(event);
        try {
            return publication
                    .receipt()
                    .toCompletableFuture()
                    .get(event.delivery().publishTimeout().toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException ex) {
            return soFar(event, publication);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return soFar(event, publication);
        } catch (ExecutionException ex) {
            throw refusal(ex.getCause());
        }
    }

    private static RuntimeException refusal(@Nullable Throwable cause) {
        return cause instanceof RuntimeException refused
                ? refused
                : new RealtimeException(ErrorCode.INTERNAL, "the event was refused", cause);
    }

    /** The receipt of a publish whose local pass or backplane is not done within the timeout. */
    private static PublishReceipt soFar(Event event, Publication publication) {
        CompletableFuture<Publication.Commit> committed =
                publication.committed().toCompletableFuture();
        Publication.Commit commit =
                committed.isDone() && !committed.isCompletedExceptionally() ? committed.join() : null;
        BackplaneOutcome outcome = commit == null ? null : commit.backplane();
        return new PublishReceipt(
                event.id(),
                commit == null ? null : commit.cursor(),
                FanoutReceipt.none(event.key()),
                outcome == null ? BackplaneOutcome.UNKNOWN : outcome,
                RoomPolicy.Action.NONE);
    }

    CompletionStage<PublishReceipt> sendAsync(Event event, @Nullable ConnectionId only) {
        if (only != null) {
            return CompletableFuture.completedFuture(sendDirect(event, only));
        }
        return publish(event).receipt().thenApplyAsync(Function.identity(), this.executor);
    }

    CompletionStage<PublishReceipt> sendAfterCommit(Event event, @Nullable ConnectionId only) {
        if (!Transactions.active()) {
            return sendTracked(event, only);
        }
        CompletableFuture<PublishReceipt> result = new CompletableFuture<>();
        Runnable check = () -> {
            if (event.delivery().name() == Delivery.CRITICAL
                    && !this.engine.backplane().status().writable()) {
                throw new RealtimeException(
                        ErrorCode.UNAVAILABLE, "event '" + event.type() + "' could not be published after the commit");
            }
        };
        Runnable publish = () -> sendTracked(event, only).whenComplete((receipt, failure) -> {
            if (failure == null) {
                result.complete(receipt);
            } else {
                result.completeExceptionally(failure);
            }
        });
        Transactions.register(check, publish, () -> result.cancel(false));
        return result;
    }

    /** Publishes what nobody may be waiting for: a failure becomes an application event. */
    private CompletionStage<PublishReceipt> sendTracked(Event event, @Nullable ConnectionId only) {
        CompletionStage<PublishReceipt> sent;
        try {
            sent = sendAsync(event, only);
        } catch (RuntimeException refused) {
            sent = CompletableFuture.failedFuture(refused);
        }
        return sent.whenComplete((receipt, failure) -> {
            BackplaneOutcome outcome = receipt == null ? BackplaneOutcome.REJECTED : receipt.backplane();
            if (outcome == BackplaneOutcome.REJECTED || outcome == BackplaneOutcome.UNKNOWN) {
                publishFailed(event, outcome, failure);
            }
        });
    }

    private void publishFailed(Event event, BackplaneOutcome outcome, @Nullable Throwable failure) {
        logger.warn("Event {} to {} was not published after the commit: {}", event.type(), event.key(), outcome);
        try {
            this.publisher.publishEvent(
                    new PublishFailedEvent(event.key(), event.type(), event.id(), outcome, failure));
        } catch (RuntimeException ex) {
            logger.warn("A listener of PublishFailedEvent failed", ex);
        }
    }

    Outcome sendDirect(Connection connection, @Nullable String name, Object data) {
        Event event = event(directKey(connection), Set.of(), name, data, null);
        return connection.send(frame(event, connection));
    }

    private Frame frame(Event event, Connection connection) {
        return Frame.event(
                this.engine.encoder().encode(event, connection.transport().format()), event);
    }

    private PublishReceipt sendDirect(Event event, ConnectionId id) {
        long began = System.nanoTime();
        Connection connection = this.engine.connections().find(id);
        Outcome outcome = Outcome.STALE;
        int bytes = 0;
        if (connection != null
                && Objects.equals(connection.identity().tenant(), event.key().tenant())) {
            Frame frame = frame(event, connection);
            outcome = connection.send(frame);
            bytes = outcome == Outcome.ACCEPTED || outcome == Outcome.COALESCED ? frame.size() : 0;
        }
        FanoutReceipt receipt = new FanoutReceipt(
                event.key(),
                1,
                outcome == Outcome.STALE ? 0 : 1,
                0,
                outcome == Outcome.ACCEPTED ? 1 : 0,
                outcome == Outcome.COALESCED ? 1 : 0,
                outcome == Outcome.DROPPED ? 1 : 0,
                outcome == Outcome.CLOSED ? 1 : 0,
                outcome == Outcome.STALE ? 1 : 0,
                bytes,
                Duration.ofNanos(System.nanoTime() - began),
                1);
        return new PublishReceipt(event.id(), null, receipt, BackplaneOutcome.LOCAL_ONLY, RoomPolicy.Action.NONE);
    }

    CompletionStage<MembershipChange> subscribe(Connection connection, RoutingKey key) {
        if (key.kind() != RoutingKey.Kind.CHANNEL && key.kind() != RoutingKey.Kind.TOPIC) {
            throw new IllegalArgumentException("the server subscribes connections to channels and topics only");
        }
        if (!Objects.equals(key.tenant(), connection.identity().tenant())) {
            throw new IllegalArgumentException("the key is not in the tenant of the connection");
        }
        return this.engine.rooms().subscribe(connection, key);
    }

    boolean evict(RoutingKey key, ConnectionId id) {
        Connection connection = this.engine.connections().find(id);
        return connection != null && this.engine.rooms().evict(key, connection);
    }

    RealtimeEngine engine() {
        return this.engine;
    }

    EventTypes types() {
        return this.types;
    }

    ApplicationEventPublisher publisher() {
        return this.publisher;
    }

    Executor executor() {
        return this.executor;
    }
}
