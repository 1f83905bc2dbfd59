package io.github.realtimespring.handler;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.registry.MembershipChange;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.springframework.context.ApplicationEventPublisher;

/** Signatures; the rest follows. */
public final class RealtimeTemplate {

    /**
     * @param executor completes the stages of sendAsync, off the engine's threads
     * @param tenants whether a TenantResolver exists
     */
    public RealtimeTemplate(
            RealtimeEngine engine,
            EventTypes types,
            ApplicationEventPublisher publisher,
            Executor executor,
            boolean tenants) {}

    public Room room(String pattern, Object... variables) {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget user(String name) {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget channel(String name) {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget topic(String name) {
        throw new UnsupportedOperationException();
    }

    public RealtimeTarget connection(ConnectionId id) {
        throw new UnsupportedOperationException();
    }

    /** A template inside a tenant. */
    public RealtimeTemplate tenant(String tenant) {
        throw new UnsupportedOperationException();
    }

    Outcome sendDirect(Connection connection, @Nullable String event, Object data) {
        throw new UnsupportedOperationException();
    }

    CompletionStage<MembershipChange> subscribe(Connection connection, RoutingKey key) {
        throw new UnsupportedOperationException();
    }
}
