package io.github.realtimespring.test;

import io.github.realtimespring.protocol.Handshake;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Opens connections to the rooms of the application under test, without a socket: frames travel in memory, and everything
 * behind the transport is what runs in production.
 *
 * <p>Expectations wait for what they expect, at most the timeout: {@code realtime.test.timeout}, 5 seconds if it is not
 * set. Thread-safe. Connections are closed after each test method.
 *
 * @since 0.1.0
 */
public final class RealtimeTester {

    private static final boolean SECURITY = ClassUtils.isPresent(
            "org.springframework.security.core.Authentication", RealtimeTester.class.getClassLoader());

    private final EmbeddedSessions sessions;
    private final JsonMapper mapper;
    private final Duration timeout;

    RealtimeTester(EmbeddedSessions sessions, JsonMapper mapper, Duration timeout) {
        this.sessions = sessions;
        this.mapper = mapper;
        this.timeout = timeout;
    }

    /** Connects without credentials. */
    public RealtimeTestClient connect() {
        return connect(null, Map.of());
    }

    /**
     * Connects as a user. With Spring Security the principal is an {@code Authentication} whose own principal is a
     * {@code User} with the authorities {@code ROLE_<role>}.
     *
     * @throws IllegalStateException if there are roles but no Spring Security
     */
    public RealtimeTestClient connectAs(String user, String... roles) {
        if (SECURITY) {
            return connectAs(TestAuthentication.of(user, roles));
        }
        if (roles.length > 0) {
            throw new IllegalStateException("roles need Spring Security on the class path");
        }
        return connectAs((Principal) () -> user);
    }

    /** Connects as a principal, such as an {@code Authentication}. */
    public RealtimeTestClient connectAs(Principal principal) {
        return connect(principal, Map.of());
    }

    /**
     * Connects as a principal with headers of the handshake, as {@code TenantResolver} and {@code IdentityCustomizer}
     * see them.
     *
     * @param principal {@code null} for a client without credentials
     */
    public RealtimeTestClient connect(@Nullable Principal principal, Map<String, List<String>> headers) {
        String name = principal == null ? "anonymous" : principal.getName();
        return client(name, inbox -> this.sessions.connect(principal, headers, inbox));
    }

    /** Connects with everything that a transport knows of a connection; the application's beans are not asked. */
    public RealtimeTestClient connect(Handshake handshake) {
        String user = handshake.identity().user();
        return client(user == null ? "anonymous" : user, inbox -> this.sessions.connect(handshake, inbox));
    }

    private RealtimeTestClient client(String user, Function<Inbox, EmbeddedConnection> connect) {
        Inbox inbox = new Inbox(this.mapper);
        EmbeddedConnection connection = connect.apply(inbox);
        JsonNode welcome = inbox.first("welcome");
        String name = welcome == null
                ? user + " (refused)"
                : user + " (" + welcome.path("connection").asString() + ")";
        return new RealtimeTestClient(
                new TestSession(name, this.sessions, connection, inbox, this.mapper, this.timeout), null);
    }

    /**
     * Waits until the application is at rest: every frame of every connection of this tester has been handled, the stages
     * that handlers returned are complete, every event that was published has been delivered. What the application starts
     * by itself, on threads of its own, is not waited for.
     *
     * @throws AssertionError if that takes longer than the timeout
     */
    public void awaitIdle() {
        if (!this.sessions.awaitIdle(this.timeout)) {
            throw new AssertionError(
                    "handlers and deliveries did not come to rest within " + this.timeout.toMillis() + " ms");
        }
    }

    /** Ends every connection that this tester opened and waits for their {@code @RoomLeft} handlers. */
    public void disconnectAll() {
        this.sessions.disconnectAll();
        awaitIdle();
        this.sessions.forgetEnded();
    }
}
