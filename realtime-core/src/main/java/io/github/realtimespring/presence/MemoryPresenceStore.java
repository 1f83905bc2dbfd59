package io.github.realtimespring.presence;

import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The store of an application that runs in one process; several nodes of one process may share it. What it knows is lost
 * with the process.
 *
 * @since 0.1.0
 */
public final class MemoryPresenceStore implements PresenceStore {

    /** How long a room that became empty keeps its version: who missed that it did can still find out. */
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    /** Changes of a user that wait for one that lasts; then what there is counts, or whoever goes back and forth could hide. */
    private static final int PATIENCE = 16;

    private final Ticker ticker;
    private final long started = System.currentTimeMillis();
    private final long startedNanos;
    private final Map<Integer, Bucket> buckets = new ConcurrentHashMap<>();

    /** @param ticker monotonic time */
    public MemoryPresenceStore(Ticker ticker) {
        this.ticker = ticker;
        this.startedNanos = ticker.nanos();
    }

    private long now() {
        return this.started + (this.ticker.nanos() - this.startedNanos) / 1_000_000;
    }

    /** Forgets everything, as a store does that is replaced by an empty one. */
    public void clear() {
        this.buckets.clear();
    }

    @Override
    public CompletionStage<Boolean> report(int bucket, String origin, Duration lease, List<Report> reports) {
        long now = now();
        Bucket of = this.buckets.computeIfAbsent(bucket, none -> new Bucket());
        return CompletableFuture.completedFuture(of.report(now, origin, lease.toMillis(), reports));
    }

    @Override
    public CompletionStage<Derivation> derive(int bucket, long token, Terms terms) {
        long now = now();
        Bucket of = this.buckets.computeIfAbsent(bucket, none -> new Bucket());
        return CompletableFuture.completedFuture(of.derive(now, token, terms));
    }

    @Override
    public CompletionStage<RoomPresence> read(int bucket, RoutingKey room, int maxListed) {
        Bucket of = this.buckets.get(bucket);
        return CompletableFuture.completedFuture(of == null ? RoomPresence.EMPTY : of.read(room));
    }

    @Override
    public CompletionStage<UserPresence> find(int bucket, RoutingKey user) {
        Bucket of = this.buckets.get(bucket);
        return CompletableFuture.completedFuture(of == null ? UserPresence.OFFLINE : of.find(now(), user));
    }

    /** What one node says of one user. */
    private record Said(PresenceState state, @Nullable Payload data, long time) {

        boolean isSame(Report report) {
            return this.state == report.state() && Member.isSame(this.data, report.data());
        }
    }

    private record Place(RoutingKey key, String user) {}

    /** One user in one key. */
    private static final class Entry {

        private final Map<String, Said> origins = new TreeMap<>();
        private @Nullable Member derived;
        /** How often it changed since it was looked at. */
        private int changes;

        /** As the nodes say now; of two nodes the one that spoke last says what else there is to know. */
        @Nullable
        Member now(String user) {
            PresenceState state = PresenceState.IDLE;
            Said newest = null;
            for (Said said : this.origins.values()) {
                if (said.state() == PresenceState.ONLINE) {
                    state = PresenceState.ONLINE;
                }
                if (newest == null || said.time() >= newest.time()) {
                    newest = said;
                }
            }
            return newest == null ? null : new Member(user, state, newest.data());
        }
    }

    private static final class Room {

        private final Map<String, Entry> users = new TreeMap<>();
        private long version;
        private int count;
        private boolean listed = true;
    }

    /** Guarded by its monitor, a leaf. */
    private static final class Bucket {

        private final Map<RoutingKey, Room> rooms = new HashMap<>();
        private final Map<String, Long> leases = new HashMap<>();
        private final Map<String, Set<Place>> places = new HashMap<>();
        /** When it changed last, the longest ago first. */
        private final LinkedHashMap<Place, Long> changed = new LinkedHashMap<>();
        /** Versions that are not known to be with the nodes. */
        private final Map<RoutingKey, Long> unpublished = new LinkedHashMap<>();

        /** Rooms without users that still have a version, and since when. */
        private final LinkedHashMap<RoutingKey, Long> emptied = new LinkedHashMap<>();

        private long token;
        private long born;

        synchronized boolean report(long now, String origin, long lease, List<Report> reports) {
            if (this.born == 0) {
                this.born = now;
            }
            Long known = this.leases.put(origin, now + lease);
            for (Report report : reports) {
                say(now, origin, report);
            }
            return known != null && known > now;
        }

        private void say(long now, String origin, Report report) {
            Place place = new Place(report.key(), report.user());
            boolean gone = report.state() == PresenceState.OFFLINE;
            Room room = this.rooms.get(report.key());
            Entry entry = room == null ? null : room.users.get(report.user());
            Said before = entry == null ? null : entry.origins.get(origin);
            if (gone ? before == null : before != null && before.isSame(report)) {
                return;
            }
            if (gone) {
                Set<Place> of = this.places.get(origin);
                if (of != null && of.remove(place) && of.isEmpty()) {
                    this.places.remove(origin);
                }
                Objects.requireNonNull(entry).origins.remove(origin);
            } else {
                this.places
                        .computeIfAbsent(origin, none -> new LinkedHashSet<>())
                        .add(place);
                room = this.rooms.computeIfAbsent(report.key(), none -> new Room());
                entry = room.users.computeIfAbsent(report.user(), none -> new Entry());
                entry.origins.put(origin, new Said(report.state(), report.data(), now));
            }
            changed(now, place, Objects.requireNonNull(entry));
        }

        private void changed(long now, Place place, Entry entry) {
            if (place.key().kind() == RoutingKey.Kind.ROOM) {
                if (++entry.changes <= PATIENCE) {
                    this.changed.remove(place);
                }
                this.changed.putIfAbsent(place, now);
            } else {
                dropIfNothing(place);
            }
        }

        private void dropIfNothing(Place place) {
            Room room = this.rooms.get(place.key());
            Entry entry = room == null ? null : room.users.get(place.user());
            if (room != null && entry != null && entry.origins.isEmpty() && entry.derived == null) {
                room.users.remove(place.user());
                if (room.users.isEmpty() && room.version == 0) {
                    this.rooms.remove(place.key());
                }
            }
        }

        synchronized Derivation derive(long now, long token, Terms terms) {
            if (token < this.token) {
                return Derivation.REFUSED;
            }
            this.token = token;
            terms.published().forEach((room, version) -> this.unpublished.remove(room, version));
            long due = now - terms.debounce().toMillis();
            int looks = terms.limit();
            forgetEmptied(now);
            if (terms.expire()) {
                expire(now, due, looks);
            }
            Map<RoutingKey, Changes> changes = new LinkedHashMap<>();
            int suppressed = 0;
            Iterator<Map.Entry<Place, Long>> waiting = this.changed.entrySet().iterator();
            while (looks > 0 && waiting.hasNext()) {
                Map.Entry<Place, Long> first = waiting.next();
                if (first.getValue() > due) {
                    break;
                }
                waiting.remove();
                looks--;
                Place place = first.getKey();
                Room room = this.rooms.get(place.key());
                Entry entry = room == null ? null : room.users.get(place.user());
                if (entry != null) {
                    entry.changes = 0;
                }
                if (room == null
                        || entry == null
                        || !changes.computeIfAbsent(place.key(), none -> new Changes())
                                .add(place.user(), entry.derived, entry.now(place.user()))) {
                    suppressed++;
                } else {
                    entry.derived = entry.now(place.user());
                }
                dropIfNothing(place);
            }
            List<PresenceChange> found = new ArrayList<>();
            changes.forEach((key, change) -> {
                Room room = this.rooms.get(key);
                if (room != null && !change.isEmpty()) {
                    found.add(change(now, key, room, change, terms.maxListed()));
                }
            });
            repeat(found, terms.limit());
            return new Derivation(false, found, suppressed, next(now, due, terms), this.born, now, isIdle());
        }

        private boolean isIdle() {
            return this.leases.isEmpty() && this.changed.isEmpty() && this.unpublished.isEmpty();
        }

        private long next(long now, long due, Terms terms) {
            boolean ended = terms.expire() && this.leases.values().stream().anyMatch(end -> end <= now);
            if (ended) {
                return 0;
            }
            if (this.changed.isEmpty()) {
                return -1;
            }
            return Math.max(0, this.changed.values().iterator().next() - due);
        }

        /** What nodes said that are no longer heard of counts no more, and at once: it has been waited for already. */
        private void expire(long now, long due, int looks) {
            List<String> ended = this.leases.entrySet().stream()
                    .filter(lease -> lease.getValue() <= now)
                    .map(Map.Entry::getKey)
                    .toList();
            Map<Place, Long> first = new LinkedHashMap<>();
            for (String origin : ended) {
                Set<Place> of = this.places.getOrDefault(origin, Set.of());
                Iterator<Place> places = of.iterator();
                while (first.size() < looks && places.hasNext()) {
                    Place place = places.next();
                    places.remove();
                    Room room = this.rooms.get(place.key());
                    Entry entry = room == null ? null : room.users.get(place.user());
                    if (entry != null) {
                        entry.origins.remove(origin);
                    }
                    if (place.key().kind() == RoutingKey.Kind.ROOM) {
                        this.changed.remove(place);
                        first.put(place, due);
                    } else {
                        dropIfNothing(place);
                    }
                }
                if (of.isEmpty()) {
                    this.places.remove(origin);
                    this.leases.remove(origin);
                }
            }
            if (!first.isEmpty()) {
                Map<Place, Long> later = new LinkedHashMap<>(this.changed);
                this.changed.clear();
                this.changed.putAll(first);
                this.changed.putAll(later);
            }
        }

        private void forgetEmptied(long now) {
            Iterator<Map.Entry<RoutingKey, Long>> emptied =
                    this.emptied.entrySet().iterator();
            while (emptied.hasNext()) {
                Map.Entry<RoutingKey, Long> first = emptied.next();
                if (now - first.getValue() < REMEMBERED.toMillis()) {
                    return;
                }
                emptied.remove();
                Room room = this.rooms.get(first.getKey());
                if (room != null && room.users.isEmpty()) {
                    this.rooms.remove(first.getKey());
                    this.unpublished.remove(first.getKey());
                }
            }
        }

        private PresenceChange change(long now, RoutingKey key, Room room, Changes changes, int maxListed) {
            room.count += changes.joined.size() - changes.left.size();
            long previous = room.version;
            // Begins at the time, so that a room that is forgotten goes on with a higher one.
            room.version = previous == 0 ? Math.max(now, 1) : previous + 1;
            boolean listed = isListed(room.count, room.listed, maxListed);
            if (listed && !room.listed) {
                previous = PresenceChange.NONE;
            }
            room.listed = listed;
            this.emptied.remove(key);
            if (room.count == 0) {
                this.emptied.put(key, now);
            }
            this.unpublished.put(key, room.version);
            return new PresenceChange(
                    key,
                    this.token,
                    room.version,
                    previous,
                    room.count,
                    listed,
                    listed ? changes.joined : List.of(),
                    listed ? changes.changed : List.of(),
                    listed ? List.copyOf(changes.left) : List.of());
        }

        private void repeat(List<PresenceChange> found, int limit) {
            Set<RoutingKey> fresh = new LinkedHashSet<>();
            found.forEach(change -> fresh.add(change.room()));
            for (Map.Entry<RoutingKey, Long> waiting : this.unpublished.entrySet()) {
                Room room = this.rooms.get(waiting.getKey());
                if (found.size() < limit && room != null && !fresh.contains(waiting.getKey())) {
                    found.add(
                            PresenceChange.repeat(waiting.getKey(), this.token, room.version, room.count, room.listed));
                }
            }
        }

        synchronized RoomPresence read(RoutingKey key) {
            Room room = this.rooms.get(key);
            if (room == null || room.version == 0) {
                return RoomPresence.EMPTY;
            }
            List<Member> members = new ArrayList<>();
            if (room.listed) {
                room.users.values().forEach(entry -> {
                    if (entry.derived != null) {
                        members.add(entry.derived);
                    }
                });
            }
            return new RoomPresence(room.version, room.count, room.listed, members);
        }

        synchronized UserPresence find(long now, RoutingKey user) {
            Room room = this.rooms.get(user);
            Entry entry = room == null ? null : room.users.get(user.id());
            if (entry == null) {
                return UserPresence.OFFLINE;
            }
            Set<String> nodes = new TreeSet<>(entry.origins.keySet());
            nodes.removeIf(origin -> this.leases.getOrDefault(origin, now) <= now);
            boolean online = nodes.stream()
                    .map(entry.origins::get)
                    .anyMatch(said -> said != null && said.state() == PresenceState.ONLINE);
            return nodes.isEmpty()
                    ? UserPresence.OFFLINE
                    : new UserPresence(online ? PresenceState.ONLINE : PresenceState.IDLE, nodes);
        }
    }

    /** A room is listed again only when it is well below the bound, so that it does not go back and forth. */
    static boolean isListed(int count, boolean before, int maxListed) {
        return before ? count <= maxListed : count <= maxListed - maxListed / 10;
    }

    /** What changed in a room. */
    private static final class Changes {

        private final List<Member> joined = new ArrayList<>();
        private final List<Member> changed = new ArrayList<>();
        private final List<String> left = new ArrayList<>();

        boolean add(String user, @Nullable Member before, @Nullable Member after) {
            if (before == null && after == null || before != null && after != null && before.isSame(after)) {
                return false;
            }
            if (before == null) {
                this.joined.add(Objects.requireNonNull(after));
            } else if (after == null) {
                this.left.add(user);
            } else {
                this.changed.add(after);
            }
            return true;
        }

        boolean isEmpty() {
            return this.joined.isEmpty() && this.changed.isEmpty() && this.left.isEmpty();
        }
    }
}
