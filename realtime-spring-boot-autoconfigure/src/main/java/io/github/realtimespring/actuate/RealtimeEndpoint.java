package io.github.realtimespring.actuate;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.InvalidRoutingKeyException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.RoutingKey.Kind;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.Control;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.handler.RealtimeEngine;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.History;
import io.github.realtimespring.presence.UserPresence;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.Rebalance;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.UserService;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.Access;
import org.springframework.boot.actuate.endpoint.InvalidEndpointRequestException;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.DeleteOperation;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;
import org.springframework.boot.actuate.endpoint.annotation.Selector;
import org.springframework.boot.actuate.endpoint.annotation.WriteOperation;
import org.springframework.boot.actuate.endpoint.web.WebEndpointResponse;
import org.springframework.boot.actuate.endpoint.web.annotation.WebEndpoint;

/**
 * Actuator endpoint {@code realtime}: what this node holds, and operations on it (SPEC §14). Reads cost a visit of the
 * registries. Operations that change something need {@code management.endpoint.realtime.access=unrestricted}.
 *
 * <p>Names in a request are validated like those of clients, answered with 400 if they are not valid, and never repeated.
 *
 * @since 0.1.0
 */
@WebEndpoint(id = "realtime", defaultAccess = Access.READ_ONLY)
public final class RealtimeEndpoint {

    private static final int LISTED = 50;
    private static final int MOST_LISTED = 1000;
    private static final int DETAILS = 100;
    private static final int STATUS_ACCEPTED = 202;
    /** How long the answer of the backplane is waited for; it has a bound of its own. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private static final int STORE_SECONDS = 5;

    private final Instant since = Instant.now();
    private final String node;
    private final RealtimeEngine engine;
    private final RoomRegistry registry;
    private final History history;
    private final RoomHandlers handlers;
    private final RoomPatterns patterns;
    private final Drain drain;
    private final Cluster cluster;
    private final RealtimeTotals totals;
    private final EngineSnapshot snapshot;

    /**
     * What there is beside this node.
     *
     * @param router who owns which bucket
     * @param rebalance sheds connections
     */
    public record Cluster(ShardRouter router, Rebalance rebalance) {}

    public RealtimeEndpoint(
            String node,
            RealtimeEngine engine,
            RoomRegistry registry,
            History history,
            QueueLimits limits,
            RoomHandlers handlers,
            RoomPatterns patterns,
            Drain drain,
            Cluster cluster,
            RealtimeTotals totals) {
        this.node = node;
        this.engine = engine;
        this.registry = registry;
        this.history = history;
        this.handlers = handlers;
        this.patterns = patterns;
        this.drain = drain;
        this.cluster = cluster;
        this.totals = totals;
        this.snapshot = new EngineSnapshot(registry, engine.connections(), limits, patterns, Ticker.SYSTEM);
    }

    @ReadOperation
    public RealtimeDescriptors.Summary summary() {
        EngineSnapshot.Taken taken = this.snapshot.now();
        EngineSnapshot.Queues queues = taken.allQueues();
        Map<String, Integer> connections = new LinkedHashMap<>();
        taken.queues().forEach((transport, of) -> connections.put(transport, of.connections()));
        List<String> inconsistencies = this.engine.connections().inconsistencies();
        return new RealtimeDescriptors.Summary(
                this.node,
                this.since,
                Duration.ofSeconds(Duration.between(this.since, Instant.now()).toSeconds()),
                connections,
                this.engine.connections().userCount(),
                taken.allRooms().rooms(),
                this.registry.membershipCount(),
                this.registry.reverseMembershipCount(),
                inconsistencies.size(),
                inconsistencies.isEmpty()
                        ? null
                        : inconsistencies.stream().limit(DETAILS).toList(),
                new RealtimeDescriptors.Queues(queues.bytes(), queues.messages(), queues.over50pct()),
                new RealtimeDescriptors.Totals(
                        this.totals.events(),
                        this.totals.outcomes(),
                        this.totals.opened(),
                        this.totals.refused(),
                        this.totals.closed()),
                backplane(this.engine.backplane()),
                peers(this.engine.backplane()),
                shards(),
                drainState());
    }

    private static RealtimeDescriptors.Backplane backplane(BackplaneAdapter backplane) {
        BackplaneStatus status = backplane.status();
        BrokerBackplane shared = backplane instanceof BrokerBackplane broker ? broker : null;
        return new RealtimeDescriptors.Backplane(
                backplane.name(),
                shared == null ? null : shared.mode().wireName(),
                status.readable(),
                status.writable(),
                status.since(),
                status.lastError(),
                shared == null || shared.lagNanos() < 0 ? null : millis(shared.lagNanos()),
                shared == null ? null : shared.subscriptions(),
                shared == null ? null : shared.inFlight());
    }

    private static @Nullable List<RealtimeDescriptors.Peer> peers(BackplaneAdapter backplane) {
        return backplane instanceof BrokerBackplane shared
                ? shared.peers().stream()
                        .map(peer -> new RealtimeDescriptors.Peer(peer.node(), peer.connections()))
                        .toList()
                : null;
    }

    /** With two places. */
    private static double millis(long nanos) {
        return Math.round(nanos / 10_000.0) / 100.0;
    }

    /**
     * A list: {@code rooms}, {@code connections}, {@code handlers} or {@code shards}.
     *
     * @param prefix rooms whose name begins with it
     * @param limit how many are listed, {@value #LISTED} unless told
     * @param sort of rooms: {@code members}, the largest first, or {@code name}
     * @param user connections of this user
     * @param room connections in this room
     * @param tenant the tenant of the user or room
     */
    @ReadOperation
    public @Nullable Object list(
            @Selector String collection,
            @Nullable String prefix,
            @Nullable Integer limit,
            @Nullable String sort,
            @Nullable String user,
            @Nullable String room,
            @Nullable String tenant) {
        return switch (collection) {
            case "rooms" -> rooms(prefix == null ? "" : prefix, tenant, limit(limit), sort);
            case "connections" -> connections(user, room, tenant, limit(limit));
            case "handlers" -> new RealtimeDescriptors.Handlers(this.handlers.describe());
            case "shards" -> buckets();
            default -> null;
        };
    }

    /** One of {@code rooms}, {@code connections} or {@code users}; 404 if it is not on this node. */
    @ReadOperation
    public @Nullable Object find(@Selector String collection, @Selector String id, @Nullable String tenant) {
        return switch (collection) {
            case "rooms" -> room(key(Kind.ROOM, tenant, id));
            case "connections" -> {
                Connection connection = connection(id);
                yield connection == null ? null : describe(connection);
            }
            case "users" -> user(key(Kind.USER, tenant, id));
            default -> null;
        };
    }

    /**
     * {@code POST drain}: lets this node go, or calls that off. {@code POST rebalance}: asks a share of its connections to
     * come back, wherever the load balancer sends them.
     *
     * @param state of the drain: {@code start} or {@code stop}
     * @param share of the connections, above 0 and at most 1
     */
    @WriteOperation
    public WebEndpointResponse<OperationResponseBody> change(
            @Selector String collection, @Nullable String state, @Nullable Double share) {
        return switch (collection) {
            case "drain" -> new WebEndpointResponse<>(drain(state));
            case "rebalance" -> new WebEndpointResponse<>(rebalance(share));
            default -> new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
        };
    }

    private RealtimeDescriptors.DrainState drain(@Nullable String state) {
        if ("start".equals(state)) {
            this.drain.start();
        } else if ("stop".equals(state)) {
            this.drain.stop();
        } else {
            throw invalid("state is start or stop");
        }
        return drainState();
    }

    private RealtimeDescriptors.Shed rebalance(@Nullable Double share) {
        if (share == null || !(share > 0 && share <= 1)) {
            throw invalid("share is above 0 and at most 1");
        }
        // Before: the first of them may be closed when the answer is made.
        int connections = this.engine.connections().size();
        return new RealtimeDescriptors.Shed(this.cluster.rebalance().shed(share), connections);
    }

    /** Operators know nodes by their names, and origins of nodes that are not heard by nothing else. */
    private Function<String, String> namesOfOrigins() {
        Map<String, String> names = new HashMap<>();
        if (this.engine.backplane() instanceof BrokerBackplane shared) {
            shared.peers().forEach(peer -> names.put(peer.origin(), peer.node()));
        }
        return origin -> names.getOrDefault(origin, origin);
    }

    private String owner(Ownership ownership, Function<String, String> names) {
        String owner = ownership.owner();
        return ownership.mine() ? this.node : owner == null ? "(nobody)" : names.apply(owner);
    }

    private RealtimeDescriptors.Shards shards() {
        ShardRouter router = this.cluster.router();
        Function<String, String> names = namesOfOrigins();
        Map<String, Integer> owners = new TreeMap<>();
        for (int bucket = 0; bucket < router.buckets(); bucket++) {
            owners.merge(owner(router.ownership(bucket), names), 1, Integer::sum);
        }
        return new RealtimeDescriptors.Shards(router.buckets(), owners);
    }

    private RealtimeDescriptors.Buckets buckets() {
        ShardRouter router = this.cluster.router();
        Function<String, String> names = namesOfOrigins();
        List<RealtimeDescriptors.Bucket> buckets = new ArrayList<>();
        for (int bucket = 0; bucket < router.buckets(); bucket++) {
            Ownership ownership = router.ownership(bucket);
            buckets.add(new RealtimeDescriptors.Bucket(
                    bucket, owner(ownership, names), ownership.mine() ? ownership.token() : null));
        }
        return new RealtimeDescriptors.Buckets(buckets);
    }

    /**
     * Closes one of {@code connections} of this node, or all of one of {@code users} on every node, or evicts a user from
     * one of {@code rooms} on every node.
     *
     * @param code the close code, 4403 unless told: 1000, 1012, 1013 or 4400 to 4599
     * @param user whom to evict
     */
    @DeleteOperation
    public WebEndpointResponse<RealtimeDescriptors.Affected> remove(
            @Selector String collection,
            @Selector String id,
            @Nullable Integer code,
            @Nullable String user,
            @Nullable String tenant) {
        return switch (collection) {
            case "connections" -> close(connection(id), code(code));
            case "users" -> answer(this.engine.users().disconnect(key(Kind.USER, tenant, id), code(code)));
            case "rooms" -> answer(evict(key(Kind.ROOM, tenant, id), user));
            default -> new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
        };
    }

    /** Connections of a user may be on other nodes, where there can be some: then nobody knows that there are none. */
    private WebEndpointResponse<RealtimeDescriptors.Affected> answer(UserService.Asked asked) {
        List<String> here = asked.here().stream().map(ConnectionId::value).toList();
        if (!(this.engine.backplane() instanceof BrokerBackplane)) {
            return here.isEmpty()
                    ? new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND)
                    : new WebEndpointResponse<>(new RealtimeDescriptors.Affected(here, null));
        }
        BackplaneOutcome told = asked.receipt()
                .thenApply(ControlReceipt::backplane)
                .toCompletableFuture()
                .completeOnTimeout(BackplaneOutcome.UNKNOWN, PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .join();
        return new WebEndpointResponse<>(
                new RealtimeDescriptors.Affected(
                        here, told.name().toLowerCase(Locale.ROOT).replace('_', '-')),
                here.isEmpty() ? STATUS_ACCEPTED : WebEndpointResponse.STATUS_OK);
    }

    private RealtimeDescriptors.Rooms rooms(String prefix, @Nullable String tenant, int limit, @Nullable String sort) {
        Comparator<RealtimeDescriptors.RoomSummary> byName =
                Comparator.comparing(RealtimeDescriptors.RoomSummary::room);
        Comparator<RealtimeDescriptors.RoomSummary> order = switch (sort == null ? "members" : sort) {
            case "members" ->
                Comparator.comparingInt(RealtimeDescriptors.RoomSummary::members)
                        .reversed()
                        .thenComparing(byName);
            case "name" -> byName;
            default -> throw invalid("sort is members or name");
        };
        List<RealtimeDescriptors.RoomSummary> found = new ArrayList<>();
        this.registry.forEachKey((key, members) -> {
            if (key.kind() == Kind.ROOM
                    && key.id().startsWith(prefix)
                    && (tenant == null || tenant.equals(key.tenant()))) {
                found.add(new RealtimeDescriptors.RoomSummary(
                        key.id(), key.tenant(), this.patterns.pattern(key), members));
            }
        });
        return new RealtimeDescriptors.Rooms(
                found.size(), found.stream().sorted(order).limit(limit).toList());
    }

    private RealtimeDescriptors.@Nullable Room room(RoutingKey key) {
        List<Connection> members = this.engine.connections().connections(key);
        if (members.isEmpty()) {
            return null;
        }
        Cursor cursor = now(this.history.head(key));
        return new RealtimeDescriptors.Room(
                key.id(),
                key.tenant(),
                this.patterns.pattern(key),
                members.size(),
                usersIn(members).stream().limit(DETAILS).toList(),
                ids(members).stream().limit(DETAILS).toList(),
                cursor == null ? null : cursor.toString(),
                now(this.history.size(key)),
                lastEvent(key));
    }

    private static List<RealtimeDescriptors.UserInRoom> usersIn(List<Connection> members) {
        Map<String, Integer> users = new TreeMap<>();
        for (Connection member : members) {
            String user = member.identity().user();
            if (user != null) {
                users.merge(user, 1, Integer::sum);
            }
        }
        return users.entrySet().stream()
                .map(user -> new RealtimeDescriptors.UserInRoom(user.getKey(), user.getValue()))
                .toList();
    }

    /** What is known without waiting for a store. */
    private static <T> @Nullable T now(CompletionStage<T> stage) {
        CompletableFuture<T> future = stage.toCompletableFuture();
        return future.isDone() && !future.isCompletedExceptionally() ? future.join() : null;
    }

    private RealtimeDescriptors.@Nullable LastEvent lastEvent(RoutingKey key) {
        RealtimeTotals.LastEvent last = this.totals.lastEvent(key);
        if (last == null) {
            return null;
        }
        FanoutReceipt receipt = last.receipt();
        Map<String, Integer> outcomes = new LinkedHashMap<>();
        outcomes.put("accepted", receipt.accepted());
        outcomes.put("coalesced", receipt.coalesced());
        outcomes.put("dropped", receipt.dropped());
        outcomes.put("closed", receipt.closed());
        outcomes.put("stale", receipt.stale());
        return new RealtimeDescriptors.LastEvent(
                last.event(),
                last.delivery(),
                last.time(),
                receipt.members(),
                receipt.excluded(),
                outcomes,
                receipt.duration());
    }

    private RealtimeDescriptors.Connections connections(
            @Nullable String user, @Nullable String room, @Nullable String tenant, int limit) {
        List<Connection> candidates = new ArrayList<>();
        if (room != null) {
            candidates.addAll(this.engine.connections().connections(key(Kind.ROOM, tenant, room)));
        } else if (user != null) {
            candidates.addAll(this.engine.connections().connections(key(Kind.USER, tenant, user)));
        } else {
            this.engine.connections().forEach(candidates::add);
        }
        List<Connection> found = candidates.stream()
                .filter(connection ->
                        user == null || user.equals(connection.identity().user()))
                .filter(connection ->
                        tenant == null || tenant.equals(connection.identity().tenant()))
                .sorted(Comparator.comparingLong(Connection::sequence))
                .toList();
        return new RealtimeDescriptors.Connections(
                found.size(), summaries(found.stream().limit(limit)));
    }

    private RealtimeDescriptors.@Nullable User user(RoutingKey key) {
        List<Connection> connections = this.engine.connections().connections(key);
        RealtimeDescriptors.Presence presence = presence(key);
        boolean elsewhere = presence != null && !presence.nodes().isEmpty();
        return connections.isEmpty() && !elsewhere
                ? null
                : new RealtimeDescriptors.User(key.id(), key.tenant(), summaries(connections.stream()), presence);
    }

    /** Waits for the store, as long as that may take: operations of an endpoint have threads that can. */
    private RealtimeDescriptors.@Nullable Presence presence(RoutingKey user) {
        try {
            UserPresence presence =
                    this.engine.presence().user(user).toCompletableFuture().get(STORE_SECONDS, TimeUnit.SECONDS);
            return new RealtimeDescriptors.Presence(
                    presence.state().wireName(),
                    presence.nodes().stream().sorted().toList());
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return null;
        } catch (ExecutionException | TimeoutException ex) {
            return null;
        }
    }

    private List<RealtimeDescriptors.ConnectionSummary> summaries(Stream<Connection> connections) {
        return connections
                .map(connection -> new RealtimeDescriptors.ConnectionSummary(
                        connection.id().value(),
                        connection.identity().user(),
                        connection.identity().tenant(),
                        connection.transport().name(),
                        connection.openedAt(),
                        this.registry.count(connection.id(), Kind.ROOM)))
                .toList();
    }

    private RealtimeDescriptors.Connection describe(Connection connection) {
        long roundTrip = connection.roundTripNanos();
        return new RealtimeDescriptors.Connection(
                connection.id().value(),
                connection.identity().user(),
                connection.identity().tenant(),
                connection.identity().device(),
                connection.transport().name(),
                connection.openedAt(),
                this.registry.keys(connection.id()).stream()
                        .filter(key -> key.kind() == Kind.ROOM)
                        .map(RoutingKey::id)
                        .sorted()
                        .toList(),
                new RealtimeDescriptors.Queue(
                        connection.queue().size(),
                        connection.queue().bytes(),
                        Duration.ofNanos(connection.queue().oldestNanos())),
                connection.dropped(),
                roundTrip < 0 ? null : Duration.ofNanos(roundTrip));
    }

    private @Nullable Connection connection(String id) {
        try {
            return this.engine.connections().find(new ConnectionId(id));
        } catch (IllegalArgumentException ex) {
            throw invalid("a connection id has 1 to 64 letters, digits, - or _");
        }
    }

    private static int code(@Nullable Integer given) {
        int code = given == null ? CloseReason.FORBIDDEN.code() : given;
        if (!Control.isCloseCode(code)) {
            throw invalid("code is 1000, 1012, 1013 or 4400 to 4599");
        }
        return code;
    }

    private static WebEndpointResponse<RealtimeDescriptors.Affected> close(@Nullable Connection connection, int code) {
        if (connection == null) {
            return new WebEndpointResponse<>(WebEndpointResponse.STATUS_NOT_FOUND);
        }
        connection.close(new CloseReason(code, "closed by the operator", true));
        return new WebEndpointResponse<>(new RealtimeDescriptors.Affected(ids(List.of(connection)), null));
    }

    private UserService.Asked evict(RoutingKey room, @Nullable String user) {
        if (user == null) {
            throw invalid("user is missing");
        }
        // Names are checked before anything is done.
        key(Kind.USER, room.tenant(), user);
        return this.engine.users().evict(room, user);
    }

    private RealtimeDescriptors.DrainState drainState() {
        Drain.Progress progress = this.drain.progress();
        Drain.Step step = progress.step();
        return new RealtimeDescriptors.DrainState(
                progress.state().name().toLowerCase(Locale.ROOT),
                step == null ? null : step.name().toLowerCase(Locale.ROOT),
                progress.remaining(),
                progress.time());
    }

    private static int limit(@Nullable Integer limit) {
        if (limit == null) {
            return LISTED;
        }
        if (limit < 1 || limit > MOST_LISTED) {
            throw invalid("limit is 1 to " + MOST_LISTED);
        }
        return limit;
    }

    private static RoutingKey key(Kind kind, @Nullable String tenant, String id) {
        try {
            return new RoutingKey(kind, tenant, id);
        } catch (InvalidRoutingKeyException ex) {
            throw invalid(ex.clientMessage());
        }
    }

    private static List<String> ids(List<Connection> connections) {
        return connections.stream().map(connection -> connection.id().value()).toList();
    }

    private static InvalidEndpointRequestException invalid(String reason) {
        return new InvalidEndpointRequestException(reason, reason);
    }
}
