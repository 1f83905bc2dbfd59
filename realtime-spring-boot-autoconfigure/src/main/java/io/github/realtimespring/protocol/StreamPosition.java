package io.github.realtimespring.protocol;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import java.util.Arrays;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How far one stream, or one client's polls, have come in each of their rooms. As text (ASCII, opaque to clients) it is
 * the cursor for one room; for several it is the cursors in the order of the rooms and a hash of these rooms, so that it
 * fits no other list (PROTOCOL, SSE).
 *
 * <p>Not thread-safe: it belongs to the drain of one queue.
 */
final class StreamPosition {

    private static final char SEPARATOR = '_';
    private static final String NOWHERE = "-";
    private static final int MAX_LENGTH = (StreamRooms.MAX + 1) * (Cursor.MAX_LENGTH + 1);

    /** Epochs of streams are longer. */
    private static final Cursor LOST = new Cursor("lost", 0);

    private final StreamRooms rooms;
    private final @Nullable Cursor[] cursors;

    private StreamPosition(StreamRooms rooms) {
        this.rooms = rooms;
        this.cursors = new Cursor[rooms.size()];
    }

    /** Where the request wants to go on. */
    static StreamPosition of(StreamRooms rooms) {
        StreamPosition position = new StreamPosition(rooms);
        for (int i = 0; i < rooms.size(); i++) {
            position.cursors[i] = rooms.since(i);
        }
        return position;
    }

    /** One that no history holds: what cannot be read as a position of these rooms. */
    static StreamPosition lost(StreamRooms rooms) {
        StreamPosition position = new StreamPosition(rooms);
        Arrays.fill(position.cursors, LOST);
        return position;
    }

    /** Reads what {@link #toString} wrote for the same rooms; empty for everything else, whatever its length. */
    static Optional<StreamPosition> parse(StreamRooms rooms, String text) {
        if (text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        StreamPosition position = new StreamPosition(rooms);
        if (rooms.size() == 1) {
            return position.read(0, text) ? Optional.of(position) : Optional.empty();
        }
        String[] parts = text.split("_", -1);
        if (parts.length != rooms.size() + 1 || !parts[rooms.size()].equals(rooms.hash())) {
            return Optional.empty();
        }
        for (int i = 0; i < rooms.size(); i++) {
            if (!position.read(i, parts[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(position);
    }

    private boolean read(int index, String text) {
        if (text.equals(NOWHERE)) {
            return true;
        }
        this.cursors[index] = Cursor.parse(text).orElse(null);
        return this.cursors[index] != null;
    }

    @Nullable
    Cursor cursor(int index) {
        return this.cursors[index];
    }

    /** The client has {@code frame}; true if that moved the position. */
    boolean follow(Frame frame) {
        Cursor cursor = frame.cursor();
        RoutingKey key = frame.key();
        int room = cursor == null || key == null ? -1 : this.rooms.indexOf(key);
        if (room < 0) {
            return false;
        }
        this.cursors[room] = cursor;
        return true;
    }

    @Override
    public String toString() {
        if (this.cursors.length == 1) {
            return text(this.cursors[0]);
        }
        StringBuilder text = new StringBuilder(this.cursors.length * 20 + 16);
        for (Cursor cursor : this.cursors) {
            text.append(text(cursor)).append(SEPARATOR);
        }
        return text.append(this.rooms.hash()).toString();
    }

    private static String text(@Nullable Cursor cursor) {
        return cursor == null ? NOWHERE : cursor.toString();
    }
}
