package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.connection.Connection;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One connection's side of the {@link RoomRegistry}, guarded by its monitor: what it is in, in the order of its joins. Two
 * arrays, because most connections are in a few keys: looking through the entries touches no other memory, and a hash
 * map takes three times the heap.
 *
 * <p>Memberships lead to the connection through this object, which lets go of it when the connection is removed. So a
 * pass finds its recipients without a look-up, and a membership that somebody still holds keeps no connection alive
 * (docs/decisions/0008).
 */
final class Subscriber {

    private static final int SMALLEST = 4;

    private final ConnectionId id;
    private volatile @Nullable Connection connection;
    private RoomRegistry.Members[] entries = new RoomRegistry.Members[SMALLEST];
    private Membership[] memberships = new Membership[SMALLEST];
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

    RoomRegistry.Members entry(int index) {
        return this.entries[index];
    }

    Membership membership(int index) {
        return this.memberships[index];
    }

    int indexOf(RoomRegistry.Members members) {
        for (int i = 0; i < this.size; i++) {
            if (this.entries[i] == members) {
                return i;
            }
        }
        return -1;
    }

    boolean has(RoomRegistry.Members members, Membership membership) {
        int index = indexOf(members);
        return index >= 0 && this.memberships[index] == membership;
    }

    void add(RoomRegistry.Members members, Membership membership) {
        if (this.size == this.entries.length) {
            resize(this.size * 2);
        }
        this.entries[this.size] = members;
        this.memberships[this.size] = membership;
        this.size++;
    }

    @SuppressWarnings("NullAway") // a free place in the arrays holds null, places below size never do
    Membership remove(int index) {
        Membership membership = this.memberships[index];
        this.size--;
        System.arraycopy(this.entries, index + 1, this.entries, index, this.size - index);
        System.arraycopy(this.memberships, index + 1, this.memberships, index, this.size - index);
        this.entries[this.size] = null;
        this.memberships[this.size] = null;
        if (this.entries.length > SMALLEST && this.size <= this.entries.length / 4) {
            resize(this.entries.length / 2);
        }
        return membership;
    }

    /** Everything was taken out of its key: holds nothing from now on. */
    void end() {
        this.over = true;
        this.connection = null;
        this.entries = new RoomRegistry.Members[0];
        this.memberships = new Membership[0];
        this.size = 0;
    }

    private void resize(int capacity) {
        this.entries = Arrays.copyOf(this.entries, capacity);
        this.memberships = Arrays.copyOf(this.memberships, capacity);
    }
}
