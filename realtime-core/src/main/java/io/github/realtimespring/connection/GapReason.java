package io.github.realtimespring.connection;

import java.util.Locale;

/**
 * Why a client has to expect that it missed events of a room (PROTOCOL, {@code gap}).
 *
 * @since 0.1.0
 */
public enum GapReason {
    /** The client was slower than its queue allows. */
    OVERFLOW,
    /** The backplane lost events, or may have. */
    BACKPLANE,
    /** The history no longer holds what the client asked for. */
    HISTORY,
    /** Events without history were sent while the client was away. */
    AWAY;

    private final String wireName = name().toLowerCase(Locale.ROOT);

    public String wireName() {
        return this.wireName;
    }
}
