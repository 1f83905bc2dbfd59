package io.github.realtimespring.handler;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.MembershipChange;
import java.security.Principal;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * The connection that a handler serves, with the principal that the application's authentication gave it.
 *
 * <p>Thread-safe; nothing here waits for the peer.
 *
 * @since 0.1.0
 */
public final class RealtimeConnection {

    private final Connection connection;
    private final RealtimeTemplate template;
    private volatile @Nullable Principal principal;

    public RealtimeConnection(Connection connection, @Nullable Principal principal, RealtimeTemplate template) {
        this.connection = connection;
        this.principal = principal;
        this.template = template;
    }

    public ConnectionId id() {
        return this.connection.id();
    }

    /** The name of the user; {@code null} for an anonymous client. */
    public @Nullable String user() {
        return this.connection.identity().user();
    }

    /** The tenant decided at the handshake; {@code null} where the application has none. */
    public @Nullable String tenant() {
        return this.connection.identity().tenant();
    }

    public Identity identity() {
        return this.connection.identity();
    }

    /** Who is behind the connection now; {@code null} for an anonymous client. */
    public @Nullable Principal principal() {
        return this.principal;
    }

    /** Replaces the principal: fresh credentials of the same user came in. */
    public void renew(Principal principal) {
        this.principal = principal;
    }

    /** The engine's side. */
    public Connection connection() {
        return this.connection;
    }

    /**
     * Sends an event to this connection alone; its name comes from {@code @RealtimeEvent} on the type.
     *
     * @throws io.github.realtimespring.RealtimeException if the data cannot be encoded
     */
    public Outcome send(Object data) {
        return this.template.sendDirect(this.connection, null, data);
    }

    /**
     * Sends an event to this connection alone.
     *
     * @throws io.github.realtimespring.RealtimeException if the data cannot be encoded
     */
    public Outcome send(String event, Object data) {
        return this.template.sendDirect(this.connection, event, data);
    }

    /**
     * Subscribes the connection to a channel or topic of the server's choice; events follow once the stage completes.
     *
     * @throws IllegalArgumentException if the key is of another kind or another tenant
     */
    public CompletionStage<MembershipChange> subscribe(RoutingKey key) {
        return this.template.subscribe(this.connection, key);
    }

    /** Ends the connection. */
    public void close(CloseReason reason) {
        this.connection.close(reason);
    }

    @Override
    public String toString() {
        return "RealtimeConnection[" + id() + "]";
    }
}
