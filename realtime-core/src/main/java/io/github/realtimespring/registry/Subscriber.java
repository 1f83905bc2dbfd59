package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.connection.Connection;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One connection's side of the {@link RoomRegistry}, guarded by its monitor: its memberships as a list through
 * {@link Membership#older}. A connection is in a few keys, so a walk costs less than a hash map, in time and in heap
 * (docs/decisions/0010).
 *
 * <p>Memberships lead to the connection through this object, which lets go of it when the connection is removed. So a
 * pass finds its recipients without a look-up, and a membership that somebody still holds keeps no connection alive
 * (docs/decisions/0008).
 */
final class Subscriber {

    private final ConnectionId id;
    private volatile @Nullable Connection connection;
    private @Nullable Membership newest;
    private int size;
    private boolean over;

    Subscriber(ConnectionId id, @Nullable Connection connection) {
        this.id = id;
        this.connection = connection;
    }

    ConnectionId id() {
        return this.id;
    }

    /** May be called without the monitor. */
    @Nullable
    Connection connection() {
        return this.connection;
    }

    boolean isOver() {
        return this.over;
    }

    int size() {
        return this.size;
    }

    @Nullable
    Membership find(RoomRegistry.Members members) {
        Membership membership = this.newest;
        while (membership != null && membership.members != members) {
            membership = membership.older;
        }
        return membership;
    }

    void add(Membership membership) {
        membership.older = this.newest;
        this.newest = membership;
        this.size++;
    }

    /** Takes the membership out and returns it; {@code null} if there is none. */
    @Nullable
    Membership remove(RoomRegistry.Members members) {
        Membership newer = null;
        Membership membership = this.newest;
        while (membership != null && membership.members != members) {
            newer = membership;
            membership = membership.older;
        }
        if (membership == null) {
            return null;
        }
        if (newer == null) {
            this.newest = membership.older;
        } else {
            newer.older = membership.older;
        }
        // Somebody may still hold it in a snapshot.
        membership.older = null;
        this.size--;
        return membership;
    }

    /** All memberships in the order of the joins: a copy. */
    List<Membership> memberships() {
        Membership[] copy = new Membership[this.size];
        int index = this.size;
        for (Membership membership = this.newest; membership != null; membership = membership.older) {
            copy[--index] = membership;
        }
        return Arrays.asList(copy);
    }

    /** Everything was taken out of its key: holds nothing from now on. */
    void end() {
        this.over = true;
        this.connection = null;
        Membership membership = this.newest;
        while (membership != null) {
            Membership older = membership.older;
            membership.older = null;
            membership = older;
        }
        this.newest = null;
        this.size = 0;
    }
}
