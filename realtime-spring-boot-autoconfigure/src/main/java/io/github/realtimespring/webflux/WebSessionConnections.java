package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;
import java.security.Principal;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebSession;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Ends connections with 4401 when the web session that authenticated them ends, by logout or by expiry (SPEC §15). Nobody
 * tells when a web session ends, so the sessions of live connections are looked at once a second; none of them is kept alive
 * by that.
 *
 * <p>A logout is seen when the session is invalidated, and when Spring Security takes its context out of it, which is its
 * default. A session of a store outside this process is a copy that does not hear of either: there
 * {@link #ended} has to be called, for example from a listener of the events of Spring Session.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class WebSessionConnections implements AutoCloseable {

    private static final Duration INTERVAL = Duration.ofSeconds(1);

    /** Where Spring Security keeps who is logged in. */
    private static final String CONTEXT = "SPRING_SECURITY_CONTEXT";

    private final Set<Entry> entries = ConcurrentHashMap.newKeySet();
    private final Disposable visits;

    /** One connection with the session that it lives as long as. */
    final class Entry {

        private final WebSession session;
        private final Connection connection;
        private final boolean holdsContext;

        private Entry(WebSession session, Connection connection) {
            this.session = session;
            this.connection = connection;
            this.holdsContext = session.getAttributes().containsKey(CONTEXT);
        }

        private boolean hasEnded() {
            return this.session.isExpired()
                    || this.holdsContext && !this.session.getAttributes().containsKey(CONTEXT);
        }

        /** Forgets the connection. */
        void remove() {
            WebSessionConnections.this.entries.remove(this);
        }
    }

    public WebSessionConnections() {
        this.visits = Schedulers.parallel()
                .schedulePeriodically(
                        () -> close(Entry::hasEnded), INTERVAL.toMillis(), INTERVAL.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The session that authenticated a request, if one did. */
    static Mono<Optional<WebSession>> of(ServerWebExchange exchange, @Nullable Principal principal) {
        return principal == null
                ? Mono.just(Optional.empty())
                : exchange.getSession()
                        .filter(WebSession::isStarted)
                        .map(Optional::of)
                        .defaultIfEmpty(Optional.empty());
    }

    /** From now on the end of the session, if there is one, ends {@code connection}. */
    @Nullable
    Entry add(@Nullable WebSession session, Connection connection) {
        if (session == null) {
            return null;
        }
        Entry entry = new Entry(session, connection);
        this.entries.add(entry);
        return entry;
    }

    /** Ends the connections of a session that has ended. */
    public void ended(String sessionId) {
        close(entry -> entry.session.getId().equals(sessionId));
    }

    private void close(Predicate<Entry> which) {
        for (Entry entry : this.entries) {
            if (which.test(entry)) {
                entry.remove();
                entry.connection.close(CloseReason.UNAUTHORIZED);
            }
        }
    }

    /** Connections that end with a session. */
    int size() {
        return this.entries.size();
    }

    @Override
    public void close() {
        this.visits.dispose();
    }
}
