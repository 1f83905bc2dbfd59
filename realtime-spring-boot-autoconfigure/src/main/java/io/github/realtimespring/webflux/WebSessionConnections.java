package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
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

    /**
     * The session that authenticated a request, as it was then.
     *
     * @since 0.1.0
     */
    public static final class Login {

        private final WebSession session;
        private final boolean holdsContext;

        private Login(WebSession session, boolean holdsContext) {
            this.session = session;
            this.holdsContext = holdsContext;
        }

        /** Whether whoever was authenticated is not logged in any more. */
        boolean hasEnded() {
            return this.session.isExpired()
                    || this.holdsContext && !this.session.getAttributes().containsKey(CONTEXT);
        }
    }

    /** One connection with the session that it lives as long as. */
    final class Entry {

        private final Login login;
        private final Connection connection;

        private Entry(Login login, Connection connection) {
            this.login = login;
            this.connection = connection;
        }

        /** Forgets the connection. */
        void remove() {
            WebSessionConnections.this.entries.remove(this);
        }
    }

    public WebSessionConnections() {
        this.visits = Schedulers.parallel()
                .schedulePeriodically(
                        () -> close(entry -> entry.login.hasEnded()),
                        INTERVAL.toMillis(),
                        INTERVAL.toMillis(),
                        TimeUnit.MILLISECONDS);
    }

    /**
     * The session that authenticated a request, if one did.
     *
     * @param principal who was authenticated
     * @return fails with {@code unauthorized} if the session has ended since the application's security let the request in
     */
    static Mono<Optional<Login>> of(ServerWebExchange exchange, @Nullable Principal principal) {
        if (principal == null && !Requests.SECURITY) {
            return Mono.just(Optional.empty());
        }
        return exchange.getSession()
                .flatMap(session -> of(exchange, principal, session))
                .defaultIfEmpty(Optional.empty());
    }

    private static Mono<Optional<Login>> of(
            ServerWebExchange exchange, @Nullable Principal principal, WebSession session) {
        if (session.isExpired()) {
            return Mono.error(ended());
        }
        if (principal == null || !session.isStarted()) {
            return Mono.just(Optional.empty());
        }
        if (session.getAttributes().containsKey(CONTEXT)) {
            return Mono.just(Optional.of(new Login(session, true)));
        }
        // Either it never had one, or whoever has just been known by it is not any more.
        return Requests.principal(exchange)
                .map(known -> Optional.of(new Login(session, false)))
                .switchIfEmpty(Mono.error(WebSessionConnections::ended));
    }

    /** The same, if it has not ended meanwhile. */
    static Mono<Optional<Login>> alive(Optional<Login> login) {
        return login.filter(Login::hasEnded).isPresent() ? Mono.error(ended()) : Mono.just(login);
    }

    private static RealtimeException ended() {
        return new RealtimeException(ErrorCode.UNAUTHORIZED, "the session has ended");
    }

    /** From now on the end of the session, if there is one, ends {@code connection}, at once if it has ended meanwhile. */
    @Nullable
    Entry add(@Nullable Login login, Connection connection) {
        if (login == null) {
            return null;
        }
        Entry entry = new Entry(login, connection);
        this.entries.add(entry);
        if (login.hasEnded()) {
            close(entry);
        }
        return entry;
    }

    /** Ends the connections of a session that has ended. */
    public void ended(String sessionId) {
        close(entry -> entry.login.session.getId().equals(sessionId));
    }

    private void close(Predicate<Entry> which) {
        for (Entry entry : this.entries) {
            if (which.test(entry)) {
                close(entry);
            }
        }
    }

    private static void close(Entry entry) {
        entry.remove();
        entry.connection.close(CloseReason.UNAUTHORIZED);
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
