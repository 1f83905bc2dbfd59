package io.github.realtimespring;

import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Names one connection, one transport instance. Random, not a credential, visible to the client.
 *
 * @param value 1 to 64 letters, digits, {@code -} or {@code _}
 * @since 0.1.0
 */
public record ConnectionId(String value) {

    public ConnectionId {
        Objects.requireNonNull(value, "value");
        if (value.isEmpty() || value.length() > 64 || !value.chars().allMatch(ConnectionId::allowed)) {
            throw new IllegalArgumentException("a connection id has 1 to 64 letters, digits, - or _");
        }
    }

    /** A new id with 80 random bits. */
    public static ConnectionId random() {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return new ConnectionId("c" + EventId.base32(random.nextLong(), 8) + EventId.base32(random.nextLong(), 8));
    }

    private static boolean allowed(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    }

    @Override
    public String toString() {
        return this.value;
    }
}
