package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.OnNotReadable;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.fanout.MembershipCutoff;
import io.github.realtimespring.fanout.RoomPolicy;
import io.github.realtimespring.registry.DuplicatePolicy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.boot.context.properties.bind.Name;
import org.springframework.util.unit.DataSize;

/**
 * The properties below {@code realtime}. Only data: values are checked, and turned into what the engine takes, by
 * {@link RealtimeSettings}.
 *
 * @param enabled Whether rooms, fanout and their transports are set up.
 * @param basePath Path below which every endpoint of the product lives.
 * @param nodes How many nodes the application is meant to have; with more than one, what serves one node only is refused
 *     or warned of.
 * @param nodeId Name of this node in the log, the actuator and meters; random when not set.
 * @param transports Which transports clients can use.
 * @param websocket WebSocket transport.
 * @param inbound Limits for what clients send.
 * @param handler Invocation of handler methods.
 * @param heartbeat Detection of peers that went away.
 * @param queue Bounds of the queue of each connection.
 * @param fanout Delivery to the members of this node.
 * @param connections Admission of connections.
 * @param affinity Help for load balancers that send a client to the node that it was on.
 * @param rooms Limits and policies of rooms.
 * @param events Settings of event types by their name.
 * @param delivery Overrides of the delivery classes.
 * @param backplane Connection between the nodes of an application.
 * @param store Where it is kept what the nodes of an application have to agree on.
 * @param history Streams of rooms.
 * @param presence Who is in a room.
 * @param session What is remembered of a client between two connections.
 * @param drain Orderly shutdown.
 * @param client JavaScript client.
 * @since 0.1.0
 */
@ConfigurationProperties("realtime")
public record RealtimeProperties(
        @DefaultValue("true") boolean enabled,
        @DefaultValue("/realtime") String basePath,
        @DefaultValue("1") int nodes,
        @Nullable String nodeId,
        @DefaultValue Transports transports,
        @DefaultValue Websocket websocket,
        @DefaultValue Inbound inbound,
        @DefaultValue Handler handler,
        @DefaultValue Heartbeat heartbeat,
        @DefaultValue Queue queue,
        @DefaultValue Fanout fanout,
        @DefaultValue Connections connections,
        @DefaultValue Affinity affinity,
        @DefaultValue Rooms rooms,
        @DefaultValue Map<String, EventType> events,
        @DefaultValue Classes delivery,
        @DefaultValue Backplane backplane,
        @DefaultValue Store store,
        @DefaultValue History history,
        @DefaultValue Presence presence,
        @DefaultValue Session session,
        @DefaultValue Drain drain,
        @DefaultValue Client client) {

    /**
     * Which transports clients can use.
     *
     * @param websocket WebSocket at {@code <base-path>/ws}.
     * @param sse Event streams at {@code <base-path>/sse}.
     * @param longPoll Long polling at {@code <base-path>/poll}.
     */
    public record Transports(
            @DefaultValue Transport websocket,
            @DefaultValue Transport sse,
            @DefaultValue LongPoll longPoll) {}

    /**
     * One transport.
     *
     * @param enabled Whether clients can use the transport.
     */
    public record Transport(@DefaultValue("true") boolean enabled) {}

    /**
     * Long polling.
     *
     * @param enabled Whether clients can use the transport.
     * @param maxWait Longest time that a poll waits for events; the queue of a client is kept for twice as long between polls.
     * @param spacing Shortest time between two answers of one client; what happens meanwhile is answered together, and
     *     events after a pause at once. 0 answers each event at once.
     */
    public record LongPoll(
            @DefaultValue("true") boolean enabled,
            @Name("wait") @DefaultValue("25s") Duration maxWait,
            @DefaultValue("100ms") Duration spacing) {}

    /**
     * WebSocket transport.
     *
     * @param allowedOrigins Origins besides the application's own from which browsers may connect, such as
     *     'https://app.example.com'; '*' allows every origin.
     * @param maxFrameSize Largest message a client may send, fragments added up.
     * @param sendTimeout How long a write, or a graceful close, may take.
     * @param bearerSubprotocol Whether a bearer token may be offered as second subprotocol.
     * @param compression Whether permessage-deflate is negotiated.
     */
    public record Websocket(
            @DefaultValue List<String> allowedOrigins,
            @DefaultValue("64KB") DataSize maxFrameSize,
            @DefaultValue("10s") Duration sendTimeout,
            @DefaultValue("true") boolean bearerSubprotocol,
            @DefaultValue("false") boolean compression) {}

    /**
     * Limits for what clients send.
     *
     * @param rate Frames per second that one connection may send on average.
     * @param burst Frames that one connection may send at once.
     * @param mailbox Frames of one connection that may wait for its handlers.
     * @param jsonMaxDepth Deepest nesting of a frame.
     * @param firstJoinTimeout How long a connection may stay without having joined a room.
     */
    public record Inbound(
            @DefaultValue("50") int rate,
            @DefaultValue("100") int burst,
            @DefaultValue("64") int mailbox,
            @DefaultValue("64") int jsonMaxDepth,
            @DefaultValue("15s") Duration firstJoinTimeout) {}

    /**
     * Invocation of handler methods.
     *
     * @param timeout How long a handler may take until its caller gets an error.
     */
    public record Handler(@DefaultValue("30s") Duration timeout) {}

    /**
     * Detection of peers that went away.
     *
     * @param interval Time between two heartbeats.
     * @param timeout How much longer than the interval a peer may be silent.
     */
    public record Heartbeat(
            @DefaultValue("25s") Duration interval,
            @DefaultValue("10s") Duration timeout) {}

    /**
     * Bounds of the queue of each connection.
     *
     * @param maxBytes Encoded bytes that may wait for one connection.
     * @param maxMessages Frames that may wait for one connection.
     * @param maxAge How long a frame may wait.
     * @param overflow What a full queue does with events whose class leaves the choice to the connection.
     */
    public record Queue(
            @DefaultValue("1MB") DataSize maxBytes,
            @DefaultValue("1024") int maxMessages,
            @DefaultValue("30s") Duration maxAge,
            @DefaultValue("close") OverflowPolicy overflow) {}

    /**
     * Delivery to the members of this node.
     *
     * @param chunkSize Recipients per turn; other rooms have their turns in between.
     * @param maxTurn Time per turn.
     * @param parallelism Threads that deliver; half the processors, one to four, when not set.
     * @param membership Whether members that left after the snapshot still get an event.
     * @param maxPending Events that may wait for delivery in all.
     * @param maxPendingPerRoom Events that may wait for delivery to one room.
     * @param maxPendingBytes Encoded bytes that may wait for delivery in all.
     * @param tenantWeights How many times larger than an ordinary turn the turns of a tenant's rooms are, by tenant.
     */
    public record Fanout(
            @DefaultValue("500") int chunkSize,
            @DefaultValue("5ms") Duration maxTurn,
            @Nullable Integer parallelism,
            @DefaultValue("recheck") MembershipCutoff membership,
            @DefaultValue("10000") int maxPending,
            @DefaultValue("1000") int maxPendingPerRoom,
            @DefaultValue("64MB") DataSize maxPendingBytes,
            @DefaultValue Map<String, Integer> tenantWeights) {}

    /**
     * Admission of connections.
     *
     * @param max Connections that this node takes; unlimited when not set.
     * @param perUser Connections that one user may have on this node; unlimited when not set.
     * @param duplicatePolicy Which connection stays when a connected user connects once more.
     * @param limit Connections of one user that the duplicate policy 'limit' allows.
     * @param perDevice Whether the duplicate policy looks at connections of the same device only.
     */
    public record Connections(
            @Nullable Integer max,
            @Nullable Integer perUser,
            @DefaultValue("allow") DuplicatePolicy.Rule duplicatePolicy,
            @Nullable Integer limit,
            @DefaultValue("false") boolean perDevice) {}

    /**
     * Help for load balancers that send a client to the node that it was on. No transport needs it.
     *
     * @param cookie Name of the cookie that tells which node answered; its value is 'realtime.node-id'. No cookie when not
     *     set.
     */
    public record Affinity(@Nullable String cookie) {}

    /**
     * Limits and policies of rooms.
     *
     * @param maxPerConnection Rooms that one connection may be in.
     * @param maxMembers Members that one room takes on this node; unlimited when not set.
     * @param defaultDelivery Delivery class of events that declare none.
     * @param policies What to do when too many members of a room miss events, by room pattern.
     */
    public record Rooms(
            @DefaultValue("100") int maxPerConnection,
            @Nullable Integer maxMembers,
            @DefaultValue("standard") Delivery defaultDelivery,
            @DefaultValue Map<String, Policy> policies) {}

    /**
     * What to do when too many members of a room miss events.
     *
     * @param share Share of recipients, 0 to 1, that may miss events; more than this runs the action.
     * @param window How long the share is measured.
     * @param action What is done while the share is exceeded.
     */
    public record Policy(
            @DefaultValue("0.2") double share,
            @DefaultValue("10s") Duration window,
            @DefaultValue("none") RoomPolicy.Action action) {}

    /**
     * Settings of one event type.
     *
     * @param delivery Delivery class.
     * @param coalesceBy Property of the payload by which a newer event replaces an unsent older one.
     */
    public record EventType(
            @Nullable Delivery delivery, @Nullable String coalesceBy) {}

    /**
     * Overrides of the delivery classes.
     *
     * @param ephemeral Events whose loss is silent.
     * @param standard Events whose loss is declared.
     * @param recoverable Events that have a place in the room's stream.
     * @param critical Events that have a place in the room's stream and close a slow consumer.
     */
    public record Classes(
            @DefaultValue Cells ephemeral,
            @DefaultValue Cells standard,
            @DefaultValue Cells recoverable,
            @DefaultValue Cells critical) {}

    /**
     * Overrides of one delivery class; what is not set stays as the class defines it.
     *
     * @param overflow What a full queue does with an event.
     * @param order Whether members of this node or the backplane get an event first.
     * @param onNotWritable What a publish does while the backplane cannot be written.
     * @param onNotReadable What happens while the backplane cannot be read.
     * @param publishTimeout How long a publish may wait for the backplane.
     */
    public record Cells(
            @Nullable OverflowPolicy overflow,
            @Nullable PublishOrder order,
            @Nullable OnNotWritable onNotWritable,
            @Nullable OnNotReadable onNotReadable,
            @Nullable Duration publishTimeout) {}

    /** Which backplane is used. */
    public enum BackplaneType {
        /** One node: events stay in the process. */
        LOCAL,
        /** Redis or Valkey, through the application's own connection. */
        REDIS,
        /** Apache Kafka, through the application's own settings. */
        KAFKA;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** Which events a node has brought to it. */
    public enum Subscription {
        /** What is best on the backplane: lazy on Redis, sharded on Kafka. */
        AUTO,
        /** All events. */
        EAGER,
        /** Those of rooms and users with connections on the node. */
        LAZY,
        /** Those of fixed groups of rooms and users, of which one has connections on the node. */
        SHARDED;

        String wireName() {
            return name().toLowerCase(Locale.ROOT);
        }

        /** {@code null} for the choice of the backplane. */
        @Nullable
        SubscriptionMode mode() {
            return switch (this) {
                case AUTO -> null;
                case EAGER -> SubscriptionMode.EAGER;
                case LAZY -> SubscriptionMode.LAZY;
                case SHARDED -> SubscriptionMode.SHARDED;
            };
        }
    }

    /**
     * Connection between the nodes of an application.
     *
     * @param type Which backplane is used; 'local' serves one node.
     * @param subscription Which events a node has brought to it; the same on all nodes of an application.
     * @param app Name that separates this application from others on the same backplane; the same on all its nodes.
     *     'spring.application.name' when not set.
     * @param publishTimeout How long a publish may wait for the backplane, unless its delivery class says otherwise.
     * @param beacon Time between two signs of life of a node; without one for three times as long the backplane counts as
     *     unreadable. The same on all nodes of an application.
     * @param signingSecret Secret that events are signed with, so that nobody else can bring any; the same on all nodes
     *     of an application. Not signed when not set.
     * @param dedupe Publishes that are remembered to recognise repeats.
     * @param redis Backplane on Redis.
     * @param kafka Backplane on Kafka.
     */
    public record Backplane(
            @DefaultValue("local") BackplaneType type,
            @DefaultValue("auto") Subscription subscription,
            @Nullable String app,
            @DefaultValue("2s") Duration publishTimeout,
            @DefaultValue("1s") Duration beacon,
            @Nullable String signingSecret,
            @DefaultValue Dedupe dedupe,
            @DefaultValue Redis redis,
            @DefaultValue Kafka kafka) {

        /** Without the secret: what is logged may be read by anybody. */
        @Override
        public String toString() {
            return "Backplane[type=" + this.type + ", subscription=" + this.subscription + ", app=" + this.app + "]";
        }
    }

    /** Whether something is done; left to what is found when not decided. */
    public enum Choice {
        /** Where it is possible. */
        AUTO,
        /** Always. */
        ON,
        /** Never. */
        OFF
    }

    /**
     * Backplane on Redis.
     *
     * @param shardedPubsub Whether events go through sharded publish and subscribe, which Redis Cluster has since 7.0;
     *     'auto' uses it on a cluster. The same on all nodes of an application.
     * @param criticalReplicas Replicas that have to have an event of class 'critical' before it counts as recorded; 0 for
     *     none.
     */
    public record Redis(
            @DefaultValue("auto") Choice shardedPubsub,
            @DefaultValue("0") int criticalReplicas) {}

    /**
     * Backplane on Kafka.
     *
     * @param topic Topic of all events of the application.
     * @param partitions Partitions of the topic, if it has to be made.
     */
    public record Kafka(
            @DefaultValue("realtime.events") String topic,
            @DefaultValue("12") int partitions) {}

    /**
     * Publishes that are remembered to recognise repeats.
     *
     * @param size How many publishes are remembered.
     * @param ttl How long a publish is remembered.
     */
    public record Dedupe(
            @DefaultValue("10000") int size,
            @DefaultValue("2m") Duration ttl) {}

    /** Where it is kept what the nodes of an application have to agree on. */
    public enum StoreType {
        /** On Redis if the backplane is, else on each node. */
        AUTO,
        /** On each node, for itself. */
        LOCAL,
        /** On Redis or Valkey, through the application's own connection. */
        REDIS
    }

    /**
     * Where it is kept what the nodes of an application have to agree on: which of them live, who coordinates what, who is
     * present.
     *
     * @param type Which store is used; with 'local' each node has its own.
     * @param lease How long a node that is no longer heard of counts as alive. The same on all nodes of an application.
     * @param renewal Time between two renewals of a node's lease.
     * @param buckets Groups of rooms and users, of which each is coordinated by one node; better ten times as many as
     *     there are nodes. The same on all nodes of an application.
     */
    public record Store(
            @DefaultValue("auto") StoreType type,
            @DefaultValue("30s") Duration lease,
            @DefaultValue("10s") Duration renewal,
            @DefaultValue("256") int buckets) {}

    /** Where streams of rooms are kept. */
    public enum HistoryStore {
        /** Where the backplane records: in memory on backplane 'local', by the backplane otherwise. */
        AUTO,
        /** In the memory of this node. */
        MEMORY
    }

    /**
     * Streams of rooms.
     *
     * @param store Where streams of rooms are kept.
     * @param size Events of one room that can be replayed.
     * @param maxRoomBytes Memory that the events of one room may take.
     * @param maxRooms Rooms whose position is remembered; the one that was used least recently is forgotten first.
     * @param maxBytes Memory that the events of all rooms may take; the oldest go first.
     * @param ttl How long an event can be replayed.
     * @param recoveryLimit Events that a join may have missed; one that missed more is not recovered.
     */
    public record History(
            @DefaultValue("auto") HistoryStore store,
            @DefaultValue("256") int size,
            @DefaultValue("1MB") DataSize maxRoomBytes,
            @DefaultValue("100000") int maxRooms,
            @DefaultValue("64MB") DataSize maxBytes,
            @DefaultValue("5m") Duration ttl,
            @DefaultValue("256") int recoveryLimit) {}

    /**
     * Who is in a room.
     *
     * @param enabled Whether clients can ask for the members of a room.
     * @param debounce How long a change has to last before anybody is told.
     * @param grace How long a user stays whose last connection was lost, not closed, so that a reconnect goes unnoticed.
     * @param lease How long the users of a node stay that is no longer heard of. The same on all nodes of an application.
     * @param maxListed Users of a room that are listed; of a room with more only their number is told.
     * @param maxData Size of what the application tells of a member, as JSON.
     */
    public record Presence(
            @DefaultValue("true") boolean enabled,
            @DefaultValue("500ms") Duration debounce,
            @DefaultValue("15s") Duration grace,
            @DefaultValue("30s") Duration lease,
            @DefaultValue("1000") int maxListed,
            @DefaultValue("1KB") DataSize maxData) {}

    /**
     * What is remembered of a client between two connections.
     *
     * @param window How long the answer to a publish with an idempotency key is remembered.
     */
    public record Session(@DefaultValue("2m") Duration window) {}

    /**
     * Orderly shutdown.
     *
     * @param timeout How long a drain may take.
     * @param spread Time over which the closes of the connections are spread, those of a rebalance, too.
     * @param onShutdown Whether the node drains when the application shuts down.
     */
    public record Drain(
            @DefaultValue("20s") Duration timeout,
            @DefaultValue("10s") Duration spread,
            @DefaultValue("true") boolean onShutdown) {}

    /**
     * JavaScript client.
     *
     * @param serve Whether the client's script is served below the base path.
     */
    public record Client(@DefaultValue("true") boolean serve) {}
}
