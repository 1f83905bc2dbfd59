package io.github.realtimespring.protocol;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.room.LeaveReason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of one session with what the protocol needs to know about each.
 *
 * <p>It follows the registry, which decides who is a member: a membership is entered here after it exists and taken out
 * when the engine tells that it ended. Evictions and closes come from other threads, so the two can overtake each other:
 *
 * <ul>
 *   <li>the end is told before the entry is made: {@code entering} remembers it;
 *   <li>the room is joined again before the end of the earlier membership is told: {@code owed} counts the ends that are
 *       still to be told of entries that were replaced.
 * </ul>
 *
 * <p>Every field is guarded by this object's monitor, a leaf.
 */
final class SessionRooms {

    private final Map<RoutingKey, JoinedRoom> rooms = new HashMap<>(4);
    /** Joins under way; true once the end of the membership was told. */
    private final Map<RoutingKey, Boolean> entering = new HashMap<>(2);

    private final Map<RoutingKey, Integer> owed = new HashMap<>(1);
    /** Memberships that are over, of whose end the application has not been told. */
    private final Map<RoutingKey, List<JoinedRoom>> ended = new HashMap<>(1);

    /**
     * What {@link #enter} found.
     *
     * @param room the membership's entry; over already if the membership is
     * @param replaced the entry of an earlier membership, whose end has not been told yet
     */
    record Entry(JoinedRoom room, @Nullable JoinedRoom replaced) {}

    synchronized int size() {
        return this.rooms.size();
    }

    synchronized @Nullable JoinedRoom find(RoutingKey key) {
        return this.rooms.get(key);
    }

    /** Announces a join; false while an earlier one of the same room, given up by its deadline, has not come back. */
    synchronized boolean begin(RoutingKey key) {
        return this.entering.putIfAbsent(key, false) == null;
    }

    /** The join that was announced made no membership. */
    synchronized void failed(RoutingKey key) {
        this.entering.remove(key);
    }

    /**
     * The join that was announced found or made a membership.
     *
     * @param fresh whether it began just now
     */
    synchronized Entry enter(RoutingKey key, RoomCall call, boolean fresh) {
        boolean over = Boolean.TRUE.equals(this.entering.remove(key));
        JoinedRoom earlier = this.rooms.get(key);
        if (!fresh && earlier != null) {
            return new Entry(earlier, null);
        }
        JoinedRoom room = new JoinedRoom(call);
        if (!fresh || over) {
            room.end(LeaveReason.KICKED);
            return new Entry(room, null);
        }
        this.rooms.put(key, room);
        if (earlier != null) {
            this.owed.merge(key, 1, Integer::sum);
            this.ended.computeIfAbsent(key, none -> new ArrayList<>(1)).add(earlier);
        }
        return new Entry(room, earlier);
    }

    /** The engine tells that a membership ended; the entry that is over with it, if it is here. */
    synchronized @Nullable JoinedRoom ended(RoutingKey key) {
        Integer owed = this.owed.get(key);
        if (owed != null) {
            if (owed == 1) {
                this.owed.remove(key);
            } else {
                this.owed.put(key, owed - 1);
            }
            return null;
        }
        JoinedRoom room = this.rooms.remove(key);
        if (room == null) {
            this.entering.computeIfPresent(key, (entering, over) -> true);
        } else {
            this.ended.computeIfAbsent(key, none -> new ArrayList<>(1)).add(room);
        }
        return room;
    }

    /** Earlier memberships of a room, of whose end the application has not been told. */
    synchronized List<JoinedRoom> untold(RoutingKey key) {
        return List.copyOf(this.ended.getOrDefault(key, List.of()));
    }

    /** The application was told of the end of a membership, or need not be. */
    synchronized void told(RoutingKey key, JoinedRoom room) {
        List<JoinedRoom> ended = this.ended.get(key);
        if (ended != null && ended.remove(room) && ended.isEmpty()) {
            this.ended.remove(key);
        }
    }

    /** The session itself ended the membership, of which the engine tells nobody else. */
    synchronized @Nullable JoinedRoom take(RoutingKey key) {
        return this.rooms.remove(key);
    }
}
