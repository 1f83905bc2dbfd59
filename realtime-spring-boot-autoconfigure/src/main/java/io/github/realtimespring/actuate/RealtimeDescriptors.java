package io.github.realtimespring.actuate;

import io.github.realtimespring.handler.HandlerDescription;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;

/**
 * What {@link RealtimeEndpoint} answers. Absent values are left out of the JSON. Nothing here holds headers, claims or
 * payloads.
 *
 * @since 0.1.0
 */
public final class RealtimeDescriptors {

    private RealtimeDescriptors() {}

    /**
     * {@code GET /actuator/realtime}.
     *
     * @param connections by transport
     * @param memberships of every kind of key, counted at each change
     * @param reverseMemberships the same, counted by visiting the connections: equal when nobody joins or leaves
     * @param inconsistencies violations of the registries' invariants; 0 or there is a bug
     * @param violations a sentence for each of the first ones
     * @param peers absent where there can be none
     */
    public record Summary(
            String node,
            Instant since,
            Duration uptime,
            Map<String, Integer> connections,
            int users,
            int rooms,
            long memberships,
            long reverseMemberships,
            int inconsistencies,
            @Nullable List<String> violations,
            Queues queue,
            Totals totals,
            Backplane backplane,
            @Nullable List<Peer> peers,
            Shards shards,
            DrainState drain)
            implements OperationResponseBody {}

    /**
     * All queues together.
     *
     * @param over50pct connections whose queue is more than half full
     */
    public record Queues(long bytes, long messages, int over50pct) {}

    /**
     * Since this node started.
     *
     * @param events passes over the members of a key
     * @param outcomes what became of events at recipients
     * @param closed by close code; connections that were refused after their handshake are among them
     */
    public record Totals(
            long events, Map<String, Long> outcomes, long opened, long refused, Map<String, Long> closed) {}

    /**
     * The backplane. What one of a single node does not have is absent.
     *
     * @param subscription which events are brought to this node: {@code lazy}, {@code eager} or {@code sharded}
     * @param lagMs how long the last own beacon was under way
     * @param subscriptions keys whose events are brought to this node
     * @param pending publishes that wait for the broker's answer
     */
    public record Backplane(
            String type,
            @Nullable String subscription,
            boolean readable,
            boolean writable,
            Instant since,
            @Nullable String lastError,
            @Nullable Double lagMs,
            @Nullable Integer subscriptions,
            @Nullable Integer pending) {}

    /** Another node of the application, of which beacons arrive. */
    public record Peer(String node, int connections) {}

    /**
     * Buckets of rooms and users, of which each is coordinated by one node.
     *
     * @param owners how many are owned or about to be, by node
     */
    public record Shards(int buckets, Map<String, Integer> owners) {}

    /** {@code GET /actuator/realtime/shards}. */
    public record Buckets(List<Bucket> buckets) implements OperationResponseBody {}

    /**
     * One bucket.
     *
     * @param owner the node that owns it or is about to
     * @param token of the owner, if that is this node
     */
    public record Bucket(int bucket, String owner, @Nullable Long token) {}

    /**
     * {@code POST /actuator/realtime/rebalance}.
     *
     * @param shed connections that are told to come back
     * @param connections those that were there when it was asked, the shed ones included
     */
    public record Shed(int shed, int connections) implements OperationResponseBody {}

    /**
     * The drain.
     *
     * @param state {@code running}, {@code draining} or {@code drained}
     * @param step the last step: {@code refusing}, {@code announced}, {@code flushing} or {@code drained}; absent without
     *     a drain
     * @param remaining connections that are still held
     * @param time since the drain began; absent without one
     */
    public record DrainState(
            String state,
            @Nullable String step,
            int remaining,
            @Nullable Duration time) implements OperationResponseBody {}

    /**
     * {@code GET /actuator/realtime/rooms}.
     *
     * @param total rooms that match, listed or not
     */
    public record Rooms(int total, List<RoomSummary> rooms) implements OperationResponseBody {}

    /** A room of the list. */
    public record RoomSummary(String room, @Nullable String tenant, String pattern, int members) {}

    /**
     * {@code GET /actuator/realtime/rooms/{room}}.
     *
     * @param members connections in the room on this node
     * @param users the users among them, no more than a hundred
     * @param connections their ids, no more than a hundred
     * @param cursor the position behind the last event of its stream
     * @param historySize how many events of its stream can be replayed
     */
    public record Room(
            String room,
            @Nullable String tenant,
            String pattern,
            int members,
            List<UserInRoom> users,
            List<String> connections,
            @Nullable String cursor,
            @Nullable Long historySize,
            @Nullable LastEvent lastEvent)
            implements OperationResponseBody {}

    /** A user and how many of the user's connections are in the room. */
    public record UserInRoom(String user, int connections) {}

    /** The last event that was delivered to a room here. */
    public record LastEvent(
            String event,
            String delivery,
            Instant time,
            int members,
            int excluded,
            Map<String, Integer> outcomes,
            Duration duration) {}

    /**
     * {@code GET /actuator/realtime/connections}.
     *
     * @param total connections that match, listed or not
     */
    public record Connections(int total, List<ConnectionSummary> connections) implements OperationResponseBody {}

    /** A connection of the list. */
    public record ConnectionSummary(
            String id, @Nullable String user, @Nullable String tenant, String transport, Instant since, int rooms) {}

    /**
     * {@code GET /actuator/realtime/connections/{id}}.
     *
     * @param dropped events that its queue dropped
     * @param roundTrip last time between a heartbeat and its answer
     */
    public record Connection(
            String id,
            @Nullable String user,
            @Nullable String tenant,
            @Nullable String device,
            String transport,
            Instant since,
            List<String> rooms,
            Queue queue,
            long dropped,
            @Nullable Duration roundTrip)
            implements OperationResponseBody {}

    /**
     * One queue.
     *
     * @param age of the oldest frame that waits
     */
    public record Queue(int messages, long bytes, Duration age) {}

    /**
     * {@code GET /actuator/realtime/users/{name}}.
     *
     * @param connections those to this node
     * @param presence as all nodes say; {@code null} while nobody can tell
     */
    public record User(
            String user,
            @Nullable String tenant,
            List<ConnectionSummary> connections,
            @Nullable Presence presence) implements OperationResponseBody {}

    /**
     * Where a user is.
     *
     * @param state {@code online}, {@code idle} or {@code offline}
     * @param nodes the origins of the nodes with a connection
     */
    public record Presence(String state, List<String> nodes) {}

    /** {@code GET /actuator/realtime/handlers}. */
    public record Handlers(List<HandlerDescription> handlers) implements OperationResponseBody {}

    /**
     * The answer to a delete operation.
     *
     * @param connections the connections of this node that were closed or evicted
     * @param backplane whether other nodes were told: {@code published}, {@code local-only} or {@code unknown}; absent
     *     where there are none, and for a single connection
     */
    public record Affected(
            List<String> connections, @Nullable String backplane) implements OperationResponseBody {}
}
