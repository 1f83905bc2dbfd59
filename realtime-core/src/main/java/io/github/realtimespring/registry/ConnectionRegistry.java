package io.github.realtimespring.registry;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * The live connections of this process, by id and by user (SPEC §1). Admission applies the limits and the
 * duplicate-connection policy; the connections of a user are the members of the user's key in the {@link RoomRegistry}.
 *
 * <p>Thread-safe. Admissions of one user are decided one after the other; nothing waits for a peer.
 *
 * @since 0.1.0
 */
public final class ConnectionRegistry implements Iterable<Connection> {

    private static final int STRIPES = 64;

    private final Map<ConnectionId, Connection> connections = new ConcurrentHashMap<>();
    /** Those that are not admitted and not refused yet. */
    private final Set<Connection> waiting = ConcurrentHashMap.newKeySet();

    private final AtomicInteger places = new AtomicInteger();
    private final RoomRegistry rooms;
    private final int maxConnections;
    private final int maxPerUser;
    private final Object[] userLocks = new Object[STRIPES];

    /**
     * @param rooms told of every connection
     * @param maxConnections how many connections this process takes
     * @param maxPerUser how many connections one user may have, whatever the duplicate policy
     */
    public ConnectionRegistry(RoomRegistry rooms, int maxConnections, int maxPerUser) {
        this.rooms = rooms;
        this.maxConnections = maxConnections;
        this.maxPerUser = maxPerUser;
        for (int i = 0; i < STRIPES; i++) {
            this.userLocks[i] = new Object();
        }
    }

    /** What admission decided. */
    public enum Admission {
        ADMITTED,
        /** This process has its maximum of connections: 503. */
        SERVER_FULL,
        /** The user has the maximum of connections: 4429. */
        USER_LIMIT,
        /** The duplicate policy prefers the older connection: 4409. */
        DUPLICATE
    }

    /** Whether there is a place for one more connection; a handshake asks before it is accepted. */
    public boolean hasPlace() {
        return this.places.get() < this.maxConnections;
    }

    private boolean takePlace() {
        if (this.places.incrementAndGet() <= this.maxConnections) {
            return true;
        }
        this.places.decrementAndGet();
        return false;
    }

    /**
     * A connection that was not admitted, and not for good: it takes a place as those do that were, until it is
     * {@linkplain #admit tried again} or {@linkplain #remove gone}.
     *
     * @return false if there is none
     */
    public boolean await(Connection connection) {
        if (!takePlace()) {
            return false;
        }
        this.waiting.add(connection);
        if (!connection.isOpen()) {
            // It may have ended before: then nobody else removes it.
            remove(connection);
        }
        return true;
    }

    /**
     * Takes a connection in, registers it and joins its user's key. Older connections that the policy supersedes are
     * closed with 4409 before this returns.
     */
    public Admission admit(Connection connection, DuplicatePolicy policy) {
        if (!this.waiting.remove(connection) && !takePlace()) {
            return Admission.SERVER_FULL;
        }
        RoutingKey user = userKey(connection.identity());
        if (user == null) {
            enter(connection, null);
            return Admission.ADMITTED;
        }
        List<Connection> superseded = List.of();
        synchronized (lockOf(user)) {
            List<Connection> all = connections(user);
            List<Connection> same = policy.perDevice()
                    ? all.stream()
                            .filter(other -> sameDevice(other, connection))
                            .toList()
                    : all;
            Admission refusal = null;
            switch (policy.rule()) {
                case ALLOW -> {}
                case REJECT -> refusal = same.isEmpty() ? null : Admission.DUPLICATE;
                case LIMIT -> refusal = same.size() < policy.limit() ? null : Admission.USER_LIMIT;
                case NEWEST_WINS -> superseded = same;
            }
            if (refusal == null && all.size() - superseded.size() >= this.maxPerUser) {
                refusal = Admission.USER_LIMIT;
            }
            if (refusal != null) {
                this.places.decrementAndGet();
                return refusal;
            }
            enter(connection, user);
        }
        superseded.forEach(older -> older.close(CloseReason.SUPERSEDED));
        return Admission.ADMITTED;
    }

    private void enter(Connection connection, @Nullable RoutingKey user) {
        this.connections.put(connection.id(), connection);
        this.rooms.register(connection);
        if (user != null) {
            this.rooms.join(user, connection.id());
        }
        // It may have ended before it was here: then nobody else removes it.
        if (!connection.isOpen()) {
            remove(connection);
        }
    }

    private Object lockOf(RoutingKey user) {
        return this.userLocks[user.hashCode() & (STRIPES - 1)];
    }

    /**
     * Forgets a connection with all its memberships.
     *
     * @return what it left; empty if it was not here
     */
    public Map<RoutingKey, MembershipChange> remove(Connection connection) {
        Map<RoutingKey, MembershipChange> left = this.rooms.remove(connection.id());
        if (this.connections.remove(connection.id(), connection) || this.waiting.remove(connection)) {
            this.places.decrementAndGet();
        }
        return left;
    }

    public @Nullable Connection find(ConnectionId id) {
        return this.connections.get(id);
    }

    /** The live connections in a key, the oldest first. */
    public List<Connection> connections(RoutingKey key) {
        List<Connection> found = new ArrayList<>();
        for (Membership membership : this.rooms.members(key)) {
            Connection connection = membership.connection();
            if (connection != null) {
                found.add(connection);
            }
        }
        found.sort(Comparator.comparingLong(Connection::sequence));
        return found;
    }

    /** How many connections there are. */
    public int size() {
        return this.connections.size();
    }

    /** How many users have a connection. */
    public int userCount() {
        int[] users = {0};
        this.rooms.forEachKey((key, size) -> {
            if (key.kind() == RoutingKey.Kind.USER) {
                users[0]++;
            }
        });
        return users[0];
    }

    /** The live connections; safe while they change. */
    @Override
    public Iterator<Connection> iterator() {
        return this.connections.values().iterator();
    }

    /** The invariants of both registries; see {@link RoomRegistry#inconsistencies}. */
    public List<String> inconsistencies() {
        List<String> found = new ArrayList<>(this.rooms.inconsistencies());
        for (Connection connection : this.connections.values()) {
            RoutingKey user = userKey(connection.identity());
            if (user == null) {
                continue;
            }
            synchronized (lockOf(user)) {
                if (!this.rooms.isMember(user, connection.id()) && connection.isOpen()) {
                    found.add(connection.id() + " is not in the key of its user");
                }
            }
        }
        return found;
    }

    /** The key of the user behind an identity; {@code null} for an anonymous one. */
    public static @Nullable RoutingKey userKey(Identity identity) {
        String user = identity.user();
        return user == null ? null : new RoutingKey(RoutingKey.Kind.USER, identity.tenant(), user);
    }

    private static boolean sameDevice(Connection one, Connection other) {
        return Objects.equals(one.identity().device(), other.identity().device());
    }
}
