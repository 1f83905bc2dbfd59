package io.github.realtimespring.presence;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The users of this node, by key: what each of their connections says, and what the store was told of them. Several
 * connections are one user; one whose last connection was lost stays for the grace.
 *
 * <p>Thread-safe: everything is guarded by the monitor, a leaf. It holds an entry for each user and key of this node, of
 * which some are in {@code pending} and some in {@code lingering}: no more than there are.
 */
final class LocalPresence {

    /** A user in a key. */
    record Place(RoutingKey key, String user) {}

    /** What the user is, as far as this node knows. */
    private record State(PresenceState state, @Nullable Payload data) {

        boolean isSame(@Nullable State other) {
            return other != null && this.state == other.state && Member.isSame(this.data, other.data);
        }
    }

    private static final State GONE = new State(PresenceState.OFFLINE, null);

    private static final class Tab {

        private final long sequence;
        private PresenceState state = PresenceState.ONLINE;
        private @Nullable Payload data;

        Tab(long sequence) {
            this.sequence = sequence;
        }
    }

    private static final class User {

        private final Map<ConnectionId, Tab> tabs = new HashMap<>(2);
        /** What it was when its last connection was lost. */
        private State last = GONE;
        /** Until when that counts; meaningless while there are connections. */
        private long lingersUntil;

        private boolean lingers;
        /** What the store knows; {@code null} while nobody can tell. */
        private @Nullable State told = GONE;

        State now() {
            if (this.tabs.isEmpty()) {
                return this.lingers ? this.last : GONE;
            }
            PresenceState state = PresenceState.IDLE;
            Tab newest = null;
            for (Tab tab : this.tabs.values()) {
                if (tab.state == PresenceState.ONLINE) {
                    state = PresenceState.ONLINE;
                }
                if (newest == null || tab.sequence > newest.sequence) {
                    newest = tab;
                }
            }
            return new State(state, newest == null ? null : newest.data);
        }
    }

    private record Lingering(long until, Place place) {}

    private final ToIntFunction<RoutingKey> buckets;
    private final Map<RoutingKey, Map<String, User>> keys = new HashMap<>();
    /** The keys of each bucket. */
    private final Map<Integer, Set<RoutingKey>> occupied = new TreeMap<>();
    /** What the store has to be told, by bucket; what has waited longest first. */
    private final Map<Integer, Set<Place>> pending = new TreeMap<>();

    private final PriorityQueue<Lingering> lingering = new PriorityQueue<>(Comparator.comparingLong(Lingering::until));

    LocalPresence(ToIntFunction<RoutingKey> buckets) {
        this.buckets = buckets;
    }

    /** The connection is in the key. */
    synchronized void add(Connection connection, RoutingKey key) {
        String name = connection.identity().user();
        if (name == null) {
            return;
        }
        Place place = new Place(key, name);
        Map<String, User> users = this.keys.computeIfAbsent(key, none -> new HashMap<>(4));
        User user = users.get(name);
        if (user == null) {
            user = new User();
            users.put(name, user);
            this.occupied
                    .computeIfAbsent(this.buckets.applyAsInt(key), none -> new HashSet<>())
                    .add(key);
        }
        user.tabs.putIfAbsent(connection.id(), new Tab(connection.sequence()));
        user.lingers = false;
        look(place, user);
    }

    /**
     * The connection is no longer in the key.
     *
     * @param until how long the user stays if it was the last one, in monotonic nanoseconds; empty for not at all
     */
    synchronized void remove(Connection connection, RoutingKey key, @Nullable Long until) {
        String name = connection.identity().user();
        User user = name == null ? null : find(key, name);
        if (name == null || user == null || !user.tabs.containsKey(connection.id())) {
            return;
        }
        Place place = new Place(key, name);
        State before = user.now();
        user.tabs.remove(connection.id());
        if (user.tabs.isEmpty() && until != null) {
            user.last = before;
            user.lingers = true;
            user.lingersUntil = until;
            this.lingering.add(new Lingering(until, place));
        }
        look(place, user);
    }

    /** False if the connection is not in the key, or has no user. */
    synchronized boolean state(Connection connection, RoutingKey key, PresenceState state) {
        Tab tab = tab(connection, key);
        if (tab == null) {
            return false;
        }
        tab.state = state;
        look(connection, key);
        return true;
    }

    /** What the application says of the member; nothing happens if the connection is not in the key. */
    synchronized void data(Connection connection, RoutingKey key, @Nullable Payload data) {
        Tab tab = tab(connection, key);
        if (tab != null) {
            tab.data = data;
            look(connection, key);
        }
    }

    private @Nullable Tab tab(Connection connection, RoutingKey key) {
        String name = connection.identity().user();
        User user = name == null ? null : find(key, name);
        return user == null ? null : user.tabs.get(connection.id());
    }

    private @Nullable User find(RoutingKey key, String name) {
        Map<String, User> users = this.keys.get(key);
        return users == null ? null : users.get(name);
    }

    private void look(Connection connection, RoutingKey key) {
        String name = connection.identity().user();
        User user = name == null ? null : find(key, name);
        if (name != null && user != null) {
            look(new Place(key, name), user);
        }
    }

    /** Notes what the store has to be told, and forgets whom nobody has to know any more. */
    private void look(Place place, User user) {
        State now = user.now();
        int bucket = this.buckets.applyAsInt(place.key());
        if (!now.isSame(user.told)) {
            this.pending.computeIfAbsent(bucket, none -> new LinkedHashSet<>()).add(place);
            return;
        }
        Set<Place> waiting = this.pending.get(bucket);
        if (waiting != null && waiting.remove(place) && waiting.isEmpty()) {
            this.pending.remove(bucket);
        }
        if (now.isSame(GONE)) {
            Map<String, User> users = this.keys.get(place.key());
            if (users != null && users.remove(place.user(), user)) {
                if (users.isEmpty()) {
                    this.keys.remove(place.key());
                    Set<RoutingKey> of = this.occupied.get(bucket);
                    if (of != null && of.remove(place.key()) && of.isEmpty()) {
                        this.occupied.remove(bucket);
                    }
                }
            }
        }
    }

    /** Ends the grace of those whose is over. */
    synchronized void expire(long now) {
        while (!this.lingering.isEmpty() && this.lingering.peek().until() - now <= 0) {
            Lingering first = this.lingering.remove();
            Place place = first.place();
            User user = find(place.key(), place.user());
            if (user != null && user.lingers && user.lingersUntil == first.until()) {
                user.lingers = false;
                look(place, user);
            }
        }
    }

    /** The buckets of which the store has to be told something. */
    synchronized List<Integer> pending() {
        return List.copyOf(this.pending.keySet());
    }

    /** The buckets with users of this node. */
    synchronized List<Integer> occupied() {
        return List.copyOf(this.occupied.keySet());
    }

    /** A part of what the store has to be told of a bucket; it no longer waits, and has to be {@link #told} or taken back. */
    synchronized List<PresenceStore.Report> take(int bucket, int limit) {
        Set<Place> waiting = this.pending.get(bucket);
        List<PresenceStore.Report> taken = new ArrayList<>();
        if (waiting == null) {
            return taken;
        }
        for (Place place : List.copyOf(waiting)) {
            if (taken.size() >= limit) {
                break;
            }
            waiting.remove(place);
            User user = find(place.key(), place.user());
            if (user != null) {
                State now = user.now();
                user.told = null;
                taken.add(new PresenceStore.Report(place.key(), place.user(), now.state(), now.data()));
            }
        }
        if (waiting.isEmpty()) {
            this.pending.remove(bucket);
        }
        return taken;
    }

    /** The store knows what was {@linkplain #take taken}. */
    synchronized void told(List<PresenceStore.Report> reports) {
        for (PresenceStore.Report report : reports) {
            User user = find(report.key(), report.user());
            if (user != null) {
                user.told = new State(report.state(), report.data());
                look(new Place(report.key(), report.user()), user);
            }
        }
    }

    /** Nobody can tell whether the store knows what was {@linkplain #take taken}: it is said again. */
    synchronized void notTold(int bucket, List<PresenceStore.Report> reports) {
        for (PresenceStore.Report report : reports) {
            if (find(report.key(), report.user()) != null) {
                this.pending
                        .computeIfAbsent(bucket, none -> new LinkedHashSet<>())
                        .add(new Place(report.key(), report.user()));
            }
        }
    }

    /** Nobody can tell what the store still knows of this bucket: all of it is said again. */
    synchronized void forgotten(int bucket) {
        for (RoutingKey key : this.occupied.getOrDefault(bucket, Set.of())) {
            this.keys.getOrDefault(key, Map.of()).forEach((name, user) -> {
                user.told = null;
                look(new Place(key, name), user);
            });
        }
    }

    /** The users of this node in a key, with a connection, by name. */
    synchronized List<Member> members(RoutingKey key) {
        List<Member> members = new ArrayList<>();
        new TreeMap<>(this.keys.getOrDefault(key, Map.of())).forEach((name, user) -> {
            if (!user.tabs.isEmpty()) {
                State now = user.now();
                members.add(new Member(name, now.state(), now.data()));
            }
        });
        return members;
    }

    /** The user in the key as this node knows it; {@code null} for one without a connection here. */
    synchronized @Nullable Member member(RoutingKey key, String name) {
        User user = find(key, name);
        if (user == null || user.tabs.isEmpty()) {
            return null;
        }
        State now = user.now();
        return new Member(name, now.state(), now.data());
    }

    /** How many users are in a room of this node, each counted in every room. */
    synchronized int size() {
        int size = 0;
        for (Map.Entry<RoutingKey, Map<String, User>> key : this.keys.entrySet()) {
            size += key.getKey().kind() == RoutingKey.Kind.ROOM ? key.getValue().size() : 0;
        }
        return size;
    }
}
