package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Who is in which key, in both directions (SPEC §1). Despite the name it serves every kind of {@link RoutingKey}.
 *
 * <p>Joining and leaving are idempotent, each is one mutation of both directions, and each returns what it changed. A
 * key without members does not exist. Removing a connection costs its own memberships, never a scan.
 *
 * <h2>Concurrency</h2>
 *
 * <b>Invariant:</b> a connection is among the members of a key if and only if the key is among the keys of the
 * connection; then the connection is registered.
 *
 * <p><b>Lock order:</b> monitor of a connection's entry, then monitor of a key's entry. Never two of a kind at once,
 * and nothing outside this class is called with either held. Every mutation holds both, so both directions change as
 * one. A key's entry that became empty is marked gone under its monitor and taken out of the map before the monitor is
 * released; who finds it gone looks again. An entry that a connection is in has a member and is therefore in the map for
 * as long as the connection's monitor is held: hence a connection finds its memberships by the identity of the entry.
 *
 * <table>
 *   <caption>What guards what</caption>
 *   <tr><td>{@code Subscriber.newest}, {@code size}, {@code over}, {@code Membership.older}</td>
 *   <td>monitor of the subscriber</td></tr>
 *   <tr><td>{@code Subscriber.connection}</td>
 *   <td>written once, to null, under the monitor of the subscriber; read by anybody</td></tr>
 *   <tr><td>{@code Members.slots}, {@code size}, {@code used}, {@code gone}</td><td>monitor of the members</td></tr>
 *   <tr><td>{@code Membership.slot}</td><td>written with release under the monitor of the members, read by anybody</td></tr>
 *   <tr><td>{@code Members.snapshot}</td><td>written under the monitor, read by anybody; the array is never changed</td></tr>
 * </table>
 *
 * @since 0.1.0
 */
public final class RoomRegistry {

    private final Map<ConnectionId, Subscriber> subscribers = new ConcurrentHashMap<>();
    private final Map<RoutingKey, Members> keys = new ConcurrentHashMap<>();

    /** Makes a connection known, so that it can join. A second call changes nothing. */
    public void register(Connection connection) {
        this.subscribers.putIfAbsent(connection.id(), new Subscriber(connection.id(), connection));
    }

    /** Makes an id known that no connection of this process stands behind: its memberships lead nowhere. */
    public void register(ConnectionId id) {
        this.subscribers.putIfAbsent(id, new Subscriber(id, null));
    }

    /** Adds a connection to a key. */
    public MembershipChange join(RoutingKey key, ConnectionId id) {
        return join(key, id, Integer.MAX_VALUE);
    }

    /**
     * Adds a connection to a key that takes at most {@code maxMembers}.
     *
     * @return {@code JOINED}, {@code JOINED_FIRST}, {@code NONE} for a member already, {@code FULL} or
     *     {@code NOT_CONNECTED}
     */
    public MembershipChange join(RoutingKey key, ConnectionId id, int maxMembers) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return MembershipChange.NOT_CONNECTED;
        }
        synchronized (subscriber) {
            if (subscriber.isOver()) {
                return MembershipChange.NOT_CONNECTED;
            }
            while (true) {
                Members members = this.keys.get(key);
                if (members == null) {
                    Members mine = new Members(key);
                    Members others = this.keys.putIfAbsent(key, mine);
                    members = others == null ? mine : others;
                }
                if (subscriber.find(members) != null) {
                    return MembershipChange.NONE;
                }
                synchronized (members) {
                    if (members.gone) {
                        continue;
                    }
                    if (members.size >= maxMembers) {
                        if (members.size == 0) {
                            vanish(members);
                        }
                        return MembershipChange.FULL;
                    }
                    Membership membership = new Membership(members, subscriber);
                    members.add(membership);
                    subscriber.add(membership);
                    return members.size == 1 ? MembershipChange.JOINED_FIRST : MembershipChange.JOINED;
                }
            }
        }
    }

    /** Takes a connection out of a key. */
    public MembershipChange leave(RoutingKey key, ConnectionId id) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return MembershipChange.NOT_CONNECTED;
        }
        synchronized (subscriber) {
            if (subscriber.isOver()) {
                return MembershipChange.NOT_CONNECTED;
            }
            Members members = this.keys.get(key);
            Membership membership = members == null ? null : subscriber.remove(members);
            return membership == null ? MembershipChange.NONE : takeOut(membership);
        }
    }

    /**
     * Forgets a connection and all its memberships.
     *
     * @return what it left, in the order in which it had joined; empty if it was not registered
     */
    public Map<RoutingKey, MembershipChange> remove(ConnectionId id) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return Map.of();
        }
        Map<RoutingKey, MembershipChange> changes = new LinkedHashMap<>();
        synchronized (subscriber) {
            if (subscriber.isOver()) {
                return Map.of();
            }
            for (Membership membership : subscriber.memberships()) {
                changes.put(membership.key(), takeOut(membership));
            }
            subscriber.end();
            this.subscribers.remove(id, subscriber);
        }
        return changes;
    }

    private MembershipChange takeOut(Membership membership) {
        Members members = membership.members;
        synchronized (members) {
            members.remove(membership);
            if (members.size > 0) {
                return MembershipChange.LEFT;
            }
            vanish(members);
            return MembershipChange.LEFT_LAST;
        }
    }

    private void vanish(Members members) {
        members.gone = true;
        this.keys.remove(members.key, members);
    }

    /**
     * The members of a key at this moment, in no order; never changed afterwards, shared by callers until the membership
     * changes. Whether each is still a member later is told by {@link Membership#isCurrent}.
     */
    public List<Membership> members(RoutingKey key) {
        Members members = this.keys.get(key);
        return members == null ? List.of() : members.snapshot();
    }

    /** How many members a key has. */
    public int size(RoutingKey key) {
        Members members = this.keys.get(key);
        if (members == null) {
            return 0;
        }
        synchronized (members) {
            return members.size;
        }
    }

    /** Whether a connection is in a key. */
    public boolean isMember(RoutingKey key, ConnectionId id) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return false;
        }
        synchronized (subscriber) {
            Members members = this.keys.get(key);
            return members != null && subscriber.find(members) != null;
        }
    }

    /** The keys a connection is in, in the order in which it joined; empty if it is not registered. */
    public Set<RoutingKey> keys(ConnectionId id) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return Set.of();
        }
        Set<RoutingKey> keys = new LinkedHashSet<>();
        synchronized (subscriber) {
            for (Membership membership : subscriber.memberships()) {
                keys.add(membership.key());
            }
        }
        return Collections.unmodifiableSet(keys);
    }

    /** How many keys of {@code kind} a connection is in. */
    public int count(ConnectionId id, RoutingKey.Kind kind) {
        Subscriber subscriber = this.subscribers.get(id);
        if (subscriber == null) {
            return 0;
        }
        synchronized (subscriber) {
            int count = 0;
            for (Membership membership : subscriber.memberships()) {
                count += membership.key().kind() == kind ? 1 : 0;
            }
            return count;
        }
    }

    /** Visits every key with its number of members; concurrent changes may or may not be seen. */
    public void forEachKey(BiConsumer<RoutingKey, Integer> visitor) {
        this.keys.forEach((key, members) -> {
            int size;
            synchronized (members) {
                size = members.size;
            }
            if (size > 0) {
                visitor.accept(key, size);
            }
        });
    }

    /** How many keys have members. */
    public int keyCount() {
        return this.keys.size();
    }

    /** How many connections are registered. */
    public int connectionCount() {
        return this.subscribers.size();
    }

    /** How many memberships there are, counted by visiting the keys. */
    public long membershipCount() {
        long[] count = {0};
        forEachKey((key, size) -> count[0] += size);
        return count[0];
    }

    /** How many memberships the connections hold, counted by visiting them: the reverse direction. */
    public long reverseMembershipCount() {
        long count = 0;
        for (Subscriber subscriber : this.subscribers.values()) {
            synchronized (subscriber) {
                count += subscriber.size();
            }
        }
        return count;
    }

    /**
     * Checks the invariant, at any time and under load; what it finds is wrong for certain. Costs one visit of every
     * membership in each direction.
     *
     * @return a sentence for each violation; empty if there is none
     */
    public List<String> inconsistencies() {
        List<String> found = new ArrayList<>();
        this.subscribers.forEach((id, subscriber) -> {
            synchronized (subscriber) {
                for (Membership membership : subscriber.memberships()) {
                    Members members = membership.members;
                    if (this.keys.get(members.key) != members || !members.has(membership)) {
                        found.add(id + " has " + members.key + ", which does not have it");
                    }
                }
            }
        });
        this.keys.forEach((key, members) -> {
            Membership[] copy;
            synchronized (members) {
                if (members.size == 0 && members.used && !members.gone) {
                    found.add(key + " is empty and still there");
                }
                copy = Arrays.copyOf(members.slots, members.size);
            }
            for (Membership membership : copy) {
                Subscriber subscriber = this.subscribers.get(membership.connectionId());
                if (subscriber == null) {
                    if (members.has(membership) && !this.subscribers.containsKey(membership.connectionId())) {
                        found.add(key + " has " + membership.connectionId() + ", which is not registered");
                    }
                    continue;
                }
                synchronized (subscriber) {
                    if (members.has(membership) && subscriber.find(members) != membership) {
                        found.add(key + " has " + membership.connectionId() + ", which does not have it");
                    }
                }
            }
        });
        return found;
    }

    /** One key's side: an array without holes, each member knowing its place in it. */
    static final class Members {

        private static final int SMALLEST = 4;

        final RoutingKey key;
        private Membership[] slots = new Membership[SMALLEST];
        private int size;
        /** Whether it ever had a member: until then its first one is about to come. */
        private boolean used;

        private boolean gone;
        private volatile @Nullable List<Membership> snapshot;

        Members(RoutingKey key) {
            this.key = key;
        }

        void add(Membership membership) {
            if (this.size == this.slots.length) {
                this.slots = Arrays.copyOf(this.slots, this.size * 2);
            }
            this.slots[this.size] = membership;
            membership.moveTo(this.size);
            this.size++;
            this.used = true;
            forgetSnapshot();
        }

        @SuppressWarnings("NullAway") // a free place in the array holds null, places below size never do
        void remove(Membership membership) {
            int slot = membership.slot();
            this.size--;
            Membership last = this.slots[this.size];
            this.slots[slot] = last;
            last.moveTo(slot);
            this.slots[this.size] = null;
            membership.moveTo(Membership.OVER);
            forgetSnapshot();
            if (this.slots.length > SMALLEST && this.size <= this.slots.length / 4) {
                this.slots = Arrays.copyOf(this.slots, this.slots.length / 2);
            }
        }

        /** A volatile write only where there is something to forget. */
        private void forgetSnapshot() {
            if (this.snapshot != null) {
                this.snapshot = null;
            }
        }

        synchronized boolean has(Membership membership) {
            int slot = membership.slot();
            return slot >= 0 && slot < this.size && this.slots[slot] == membership;
        }

        List<Membership> snapshot() {
            List<Membership> current = this.snapshot;
            if (current == null) {
                synchronized (this) {
                    current = this.snapshot;
                    if (current == null) {
                        current = Collections.unmodifiableList(Arrays.asList(Arrays.copyOf(this.slots, this.size)));
                        this.snapshot = current;
                    }
                }
            }
            return current;
        }
    }
}
