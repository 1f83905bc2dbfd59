package io.github.realtimespring.test;

import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.TenantResolver;
import java.net.URI;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntSupplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** Connections in memory to the sessions of this application, and whether anything is still going on in them. */
final class EmbeddedSessions {

    private static final URI WEBSOCKET = URI.create("http://localhost/realtime/ws");

    private final ProtocolSessions sessions;
    private final FanoutService fanout;
    private final IntSupplier replays;
    private final TaskCounter tasks;
    private final @Nullable TenantResolver tenants;
    private final List<IdentityCustomizer> identities;
    private final List<EmbeddedConnection> open = new CopyOnWriteArrayList<>();

    EmbeddedSessions(
            ProtocolSessions sessions,
            FanoutService fanout,
            IntSupplier replays,
            TaskCounter tasks,
            @Nullable TenantResolver tenants,
            List<IdentityCustomizer> identities) {
        this.sessions = sessions;
        this.fanout = fanout;
        this.replays = replays;
        this.tasks = tasks;
        this.tenants = tenants;
        this.identities = List.copyOf(identities);
    }

    /** Connects as the WebSocket transport does, with tenant and identity by the application's beans. */
    EmbeddedConnection connect(@Nullable Principal principal, Map<String, List<String>> headers, Inbox inbox) {
        HandshakeRequest request = new HandshakeRequest(WEBSOCKET, headers, principal);
        String user = principal == null ? null : principal.getName();
        String tenant = this.tenants == null ? null : this.tenants.resolve(request);
        Identity identity = new Identity(user, tenant, null, Map.of());
        for (IdentityCustomizer customizer : this.identities) {
            Identity custom = customizer.customize(identity, request);
            identity = new Identity(user, tenant, custom.device(), custom.claims());
        }
        return connect(new Handshake(principal, identity, null, null), inbox);
    }

    EmbeddedConnection connect(Handshake handshake, Inbox inbox) {
        EmbeddedConnection connection = new EmbeddedConnection(inbox);
        this.open.add(connection);
        connection.open(this.sessions, handshake);
        return connection;
    }

    void disconnectAll() {
        this.open.forEach(EmbeddedConnection::disconnect);
    }

    void forgetEnded() {
        this.open.removeIf(EmbeddedConnection::isEnded);
    }

    /**
     * Whether every frame that was sent has been handled and every event that was published has arrived.
     *
     * <p>Work moves from mailboxes to passes, from both to replays, and, when a pass closes a slow connection, from passes
     * back to mailboxes. A
     * mailbox can only begin something through a task, so two equal counts of tasks frame a moment at which all
     * were at rest.
     */
    boolean isIdle() {
        long taken = this.tasks.taken();
        return this.tasks.isIdle()
                && handled()
                && this.fanout.pending() == 0
                && handled()
                && this.fanout.pending() == 0
                && this.replays.getAsInt() == 0
                && this.open.stream().allMatch(EmbeddedConnection::isDrained)
                && this.tasks.taken() == taken;
    }

    /** False if it does not come to rest in time. */
    boolean awaitIdle(Duration timeout) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(timeout)
                    .until(this::isIdle);
            return true;
        } catch (ConditionTimeoutException ex) {
            return false;
        }
    }

    private boolean handled() {
        return this.open.stream().allMatch(EmbeddedConnection::isHandled);
    }
}
