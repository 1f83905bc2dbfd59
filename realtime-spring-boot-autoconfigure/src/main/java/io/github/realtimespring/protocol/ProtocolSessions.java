package io.github.realtimespring.protocol;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import java.time.Clock;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * Opens a session for every connection of this process, whatever its transport, and keeps their deadlines.
 *
 * @since 0.1.0
 */
public final class ProtocolSessions implements AutoCloseable {

    /** The parts of the engine that sessions use. */
    public record Engine(
            RoomRegistry registry, ConnectionRegistry connections, RoomService rooms, PresenceService presence) {}

    /** Time and threads: where handlers run, monotonic time, wall clock for the expiry of credentials. */
    public record Runtime(Executor handlers, Ticker ticker, Clock clock) {}

    private final Engine engine;
    private final JsonFrames frames;
    private final ProtocolSettings settings;
    private final ConnectionListener connectionListener;
    private final Runtime runtime;

    /**
     * @param connectionListener hears of every connection: the {@link RoomService} first, then meters
     * @param authenticator checks the tokens of {@code auth} frames; {@code null} where there are none
     */
    public ProtocolSessions(
            Engine engine,
            JsonFrames frames,
            ProtocolSettings settings,
            @Nullable RealtimeTokenAuthenticator authenticator,
            ConnectionListener connectionListener,
            SessionListener listener,
            Runtime runtime) {
        this.engine = engine;
        this.frames = frames;
        this.settings = settings;
        this.connectionListener = connectionListener;
        this.runtime = runtime;
    }

    /** Begins to look at deadlines: first join, expiry of credentials, slow handlers. */
    public void start() {}

    /** Whether a handshake may be accepted; a transport answers 503 otherwise. */
    public boolean accepting() {
        return this.engine.connections().hasPlace();
    }

    /** Makes a session; {@code welcome} is its first frame, or the transport is told to close. */
    public ProtocolSession open(Handshake handshake, ConnectionTransport transport) {
        return new ProtocolSession(new Connection(
                ConnectionId.random(),
                handshake.identity(),
                transport,
                this.settings.queue(),
                this.frames,
                this.connectionListener,
                this.runtime.ticker()));
    }

    /** Sessions whose transport has not ended. */
    public int size() {
        return 0;
    }

    @Override
    public void close() {}
}
