package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The rooms of one stream, or of one client's polls: fixed when it opens, validated, in the order of the request
 * (PROTOCOL, SSE). Immutable.
 */
final class StreamRooms {

    /** Rooms of one stream. */
    static final int MAX = 8;

    private static final int HASH_BYTES = 8;
    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

    private final List<RoutingKey> keys;
    private final List<@Nullable Cursor> since;
    private final List<RoutingKey> watched;
    /** Made by whoever needs it first: a poll that goes on never does. */
    private volatile @Nullable String hash;

    private StreamRooms(List<RoutingKey> keys, List<@Nullable Cursor> since, List<RoutingKey> watched) {
        this.keys = List.copyOf(keys);
        this.since = since;
        this.watched = List.copyOf(watched);
    }

    /**
     * Reads the {@code room} parameters: a name, or a name, {@code @} and the cursor to go on from; and the
     * {@code presence} parameters, names of rooms that are watched, be they joined or not. Those have no place in positions,
     * so they may change from one request to the next.
     *
     * @param tenant of the connection, in which the rooms are
     * @throws RealtimeException {@code bad-request} if a name is not a room's, one is there twice, or there are none or
     *     too many
     */
    static StreamRooms parse(List<String> parameters, List<String> presence, @Nullable String tenant) {
        List<RoutingKey> keys = new ArrayList<>();
        List<@Nullable Cursor> since = new ArrayList<>();
        for (String parameter : parameters.size() > MAX ? parameters.subList(0, MAX + 1) : parameters) {
            int at = parameter.lastIndexOf('@');
            Cursor cursor =
                    at < 0 ? null : Cursor.parse(parameter.substring(at + 1)).orElse(null);
            String name = cursor == null ? parameter : parameter.substring(0, at);
            keys.add(new RoutingKey(RoutingKey.Kind.ROOM, tenant, name));
            since.add(cursor);
        }
        if (presence.size() > MAX) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "a stream watches at most " + MAX + " rooms");
        }
        List<RoutingKey> watched = presence.stream()
                .map(name -> new RoutingKey(RoutingKey.Kind.ROOM, tenant, name))
                .distinct()
                .toList();
        return checked(keys, since, watched);
    }

    /** Rooms of which none is watched. */
    static StreamRooms parse(List<String> parameters, @Nullable String tenant) {
        return parse(parameters, List.of(), tenant);
    }

    /** The rooms whose presence is watched. */
    List<RoutingKey> watched() {
        return this.watched;
    }

    /** @throws RealtimeException {@code bad-request} if a key is there twice, or there are none or too many */
    static StreamRooms of(List<RoutingKey> keys) {
        List<@Nullable Cursor> since = new ArrayList<>();
        keys.forEach(key -> since.add(null));
        return checked(keys, since, List.of());
    }

    private static StreamRooms checked(List<RoutingKey> keys, List<@Nullable Cursor> since, List<RoutingKey> watched) {
        if (keys.isEmpty() && watched.isEmpty() || keys.size() > MAX) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "a stream has 1 to " + MAX + " rooms");
        }
        if (keys.size() > 1 && keys.stream().distinct().count() < keys.size()) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "a room is given once");
        }
        return new StreamRooms(keys, since, watched);
    }

    /** What is answered in place of a stream whose connection was closed before it began. */
    static RealtimeException refused(CloseReason reason) {
        return switch (reason.code()) {
            case 4429 ->
                new RealtimeException(
                        ErrorCode.LIMIT, "too many connections of this user", true, RETRY_AFTER, List.of(), null);
            case 4409 -> new RealtimeException(ErrorCode.CONFLICT, "there is another connection of this user");
            case 4401 -> new RealtimeException(ErrorCode.UNAUTHORIZED, "the credentials have ended");
            case 1012 ->
                new RealtimeException(
                        ErrorCode.DRAINING, "this node is going away", true, RETRY_AFTER, List.of(), null);
            default ->
                new RealtimeException(
                        ErrorCode.UNAVAILABLE, "too many connections", true, RETRY_AFTER, List.of(), null);
        };
    }

    int size() {
        return this.keys.size();
    }

    RoutingKey key(int index) {
        return this.keys.get(index);
    }

    int indexOf(RoutingKey key) {
        return this.keys.indexOf(key);
    }

    /** Where to go on in a room; {@code null} to begin with what comes. */
    @Nullable
    Cursor since(int index) {
        return this.since.get(index);
    }

    /** The same rooms, gone on with from {@code position}. */
    StreamRooms from(StreamPosition position) {
        List<@Nullable Cursor> since = new ArrayList<>();
        for (int i = 0; i < size(); i++) {
            since.add(position.cursor(i));
        }
        return new StreamRooms(this.keys, since, this.watched);
    }

    /** Names these rooms in this order. */
    String hash() {
        String hash = this.hash;
        if (hash == null) {
            hash = hash(this.keys);
            this.hash = hash;
        }
        return hash;
    }

    boolean sameRooms(StreamRooms other) {
        return this.keys.equals(other.keys);
    }

    private static String hash(List<RoutingKey> keys) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (RoutingKey key : keys) {
                digest.update(key.toString().getBytes(StandardCharsets.UTF_8));
                digest.update((byte) '\n');
            }
            return HexFormat.of().formatHex(digest.digest(), 0, HASH_BYTES);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException(ex);
        }
    }
}
