package io.github.realtimespring;

import java.time.Instant;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One event on its way to the members of a key. Everything but {@code except} and {@code coalesceKey} may be seen by
 * clients.
 *
 * @param id unique; clients drop ids they have seen
 * @param key where it goes
 * @param type the event's name: 1 to 100 letters, digits or {@code . _ ~ : -}
 * @param payload its data
 * @param delivery its delivery class
 * @param time when it was published
 * @param cursor its place in the room's stream; {@code null} before the backplane gave one, and for classes without
 * @param except connections that are left out of live delivery
 * @param coalesceKey events of the same key, type and coalesce key replace each other in the queue of a connection that
 *     is behind; {@code null} for no coalescing
 * @since 0.1.0
 */
public record Event(
        String id,
        RoutingKey key,
        String type,
        Payload payload,
        DeliveryClass delivery,
        Instant time,
        @Nullable Cursor cursor,
        Set<ConnectionId> except,
        @Nullable String coalesceKey) {

    /** @throws RealtimeException {@code bad-request} if id or type is not well formed */
    public Event {
        Objects.requireNonNull(key, "key");
        Objects.requireNonNull(payload, "payload");
        Objects.requireNonNull(delivery, "delivery");
        Objects.requireNonNull(time, "time");
        if (!EventId.isValid(id)) {
            throw new RealtimeException(ErrorCode.BAD_REQUEST, "an event id has 1 to 64 letters, digits or . _ ~ : -");
        }
        if (!isValidType(type)) {
            throw new RealtimeException(
                    ErrorCode.BAD_REQUEST, "an event name has 1 to 100 letters, digits or . _ ~ : -");
        }
        except = Set.copyOf(except);
    }

    /** An event for every member, made now. */
    public static Event of(RoutingKey key, String type, Payload payload, DeliveryClass delivery) {
        Instant now = Instant.now();
        return new Event(EventId.next(now.toEpochMilli()), key, type, payload, delivery, now, null, Set.of(), null);
    }

    /** Whether {@code type} may name an event. */
    public static boolean isValidType(String type) {
        return EventId.isToken(type, 100);
    }

    public Event withCursor(Cursor cursor) {
        return new Event(
                this.id,
                this.key,
                this.type,
                this.payload,
                this.delivery,
                this.time,
                cursor,
                this.except,
                this.coalesceKey);
    }

    public Event withPayload(Payload payload) {
        return new Event(
                this.id,
                this.key,
                this.type,
                payload,
                this.delivery,
                this.time,
                this.cursor,
                this.except,
                this.coalesceKey);
    }
}
