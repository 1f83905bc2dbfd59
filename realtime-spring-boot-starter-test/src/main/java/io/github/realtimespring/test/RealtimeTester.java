package io.github.realtimespring.test;

import io.github.realtimespring.protocol.Handshake;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Opens connections to the rooms of the application under test, and expects what comes of them: in memory, where frames
 * travel without a socket and everything behind the transport is what runs in production, or by sockets to a running
 * server. What a test says is the same for both.
 *
 * <p>In a test with {@link AutoConfigureRealtimeTester} it is bound to the application: to its server if it has one, such
 * as with {@code WebEnvironment.RANDOM_PORT}, else in memory. {@link #over} chooses. {@link #bindToServer} is for any
 * other server.
 *
 * <p>Expectations wait for what they expect, at most the timeout: {@code realtime.test.timeout}, 5 seconds if it is not
 * set. Thread-safe. Connections are closed after each test method; those of a tester that the test made, by
 * {@link #disconnectAll}.
 *
 * @since 0.1.0
 */
public final class RealtimeTester {

    static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final TestServer server;
    private final ClientTransport transport;
    private final JsonMapper mapper;
    private final Duration timeout;

    RealtimeTester(TestServer server, ClientTransport transport, JsonMapper mapper, Duration timeout) {
        this.server = server;
        this.transport = transport;
        this.mapper = mapper;
        this.timeout = timeout;
    }

    /**
     * Begins a tester of a running server.
     *
     * @param url such as {@code http://localhost:8080}, with the context path if there is one
     */
    public static Builder bindToServer(String url) {
        return new Builder(url);
    }

    /** The same tester, whose clients connect by another transport. */
    public RealtimeTester over(ClientTransport transport) {
        return new RealtimeTester(this.server, transport, this.mapper, this.timeout);
    }

    /** Connects without credentials. */
    public RealtimeTestClient connect() {
        return connect(null, Map.of());
    }

    /**
     * Connects as a user. With Spring Security the principal is an {@code Authentication} whose own principal is a
     * {@code User} with the authorities {@code ROLE_<role>}; the server of the test takes it without a password. At any
     * other server the user logs in as {@link Builder#users} says.
     *
     * @throws IllegalStateException if there are roles but no Spring Security, or a server that gives its own
     */
    public RealtimeTestClient connectAs(String user, String... roles) {
        return client(user, this.server.user(user, roles));
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
     * @throws IllegalStateException for a principal at a server that is not of this test
     */
    public RealtimeTestClient connect(@Nullable Principal principal, Map<String, List<String>> headers) {
        return client(principal == null ? "anonymous" : principal.getName(), new TestClient(principal, null, headers));
    }

    /** Connects with a login, as clients do in production; needs a server. */
    public RealtimeTestClient connect(ClientLogin login) {
        return client("client", new TestClient(null, Objects.requireNonNull(login, "login"), Map.of()));
    }

    /** Connects in memory with everything that a transport knows of a connection; no bean of the application is asked. */
    public RealtimeTestClient connect(Handshake handshake) {
        String user = handshake.identity().user();
        return client(user == null ? "anonymous" : user, inbox -> this.server.connect(handshake, inbox));
    }

    private RealtimeTestClient client(String user, TestClient client) {
        return client(user, inbox -> this.server.connect(this.transport, client, inbox, this.timeout));
    }

    private RealtimeTestClient client(String user, Function<Inbox, TestConnection> connect) {
        Supplier<TestSession> connecting = () -> session(user, connect);
        return new RealtimeTestClient(connecting.get(), connecting, null);
    }

    private TestSession session(String user, Function<Inbox, TestConnection> connect) {
        Inbox inbox = new Inbox(this.mapper);
        TestConnection connection = connect.apply(inbox);
        JsonNode welcome = inbox.first("welcome");
        String state = inbox.ended() == null ? "" : " (refused)";
        String name = welcome == null
                ? user + state
                : user + " (" + welcome.path("connection").asString() + ")";
        return new TestSession(name, this.server, connection, inbox, this.mapper, this.timeout);
    }

    /**
     * Waits until the application is at rest: every frame of every connection has been handled, the stages that handlers
     * returned are complete, every event that was published has been delivered. What the application starts by itself, on
     * threads of its own, is not waited for.
     *
     * <p>Of a server that is not of this test that much is not known: there it waits until what was sent has been read,
     * and then nothing has come for {@link Builder#quietPeriod}.
     *
     * @throws AssertionError if that takes longer than the timeout
     */
    public void awaitIdle() {
        atRest(this.server.awaitIdle(this.timeout));
    }

    /** Ends every connection that this tester opened and waits for their {@code @RoomLeft} handlers. */
    public void disconnectAll() {
        atRest(this.server.disconnectAll(this.timeout));
    }

    private void atRest(boolean idle) {
        if (!idle) {
            throw new AssertionError(
                    "handlers and deliveries did not come to rest within " + this.timeout.toMillis() + " ms");
        }
    }

    /**
     * A tester of a running server.
     *
     * @since 0.1.0
     */
    public static final class Builder {

        private static final Duration QUIET = Duration.ofMillis(200);

        private final String url;
        private final Map<String, List<String>> headers = new LinkedHashMap<>();
        private String basePath = "/realtime";
        private ClientTransport transport = ClientTransport.WEBSOCKET;
        private @Nullable Function<String, ClientLogin> users;
        private Duration timeout = TIMEOUT;
        private Duration quietPeriod = QUIET;

        private Builder(String url) {
            this.url = Objects.requireNonNull(url, "url");
        }

        /** Where realtime is below the URL, if not at {@code /realtime}. */
        public Builder basePath(String basePath) {
            this.basePath = Objects.requireNonNull(basePath, "basePath");
            return this;
        }

        /** How clients connect, if not by a WebSocket. */
        public Builder transport(ClientTransport transport) {
            this.transport = Objects.requireNonNull(transport, "transport");
            return this;
        }

        /** Adds a header to every handshake. */
        public Builder header(String name, String value) {
            this.headers.computeIfAbsent(name, key -> new ArrayList<>()).add(value);
            return this;
        }

        /** How the user that {@link RealtimeTester#connectAs(String, String...)} names logs in. */
        public Builder users(Function<String, ClientLogin> users) {
            this.users = Objects.requireNonNull(users, "users");
            return this;
        }

        /** How long connecting and expectations wait, if not 5 seconds. */
        public Builder timeout(Duration timeout) {
            this.timeout = Objects.requireNonNull(timeout, "timeout");
            return this;
        }

        /** How long nothing comes when there is no more, if not 200 milliseconds. */
        public Builder quietPeriod(Duration quietPeriod) {
            this.quietPeriod = Objects.requireNonNull(quietPeriod, "quietPeriod");
            return this;
        }

        /** @throws IllegalArgumentException if the URL is not that of a server */
        public RealtimeTester build() {
            JsonMapper mapper = JsonMapper.builder().build();
            Sockets sockets = new Sockets(this.url, this.basePath, mapper);
            TestServer server = new RemoteServer(sockets, this.headers, this.users, this.quietPeriod);
            return new RealtimeTester(server, this.transport, mapper, this.timeout);
        }
    }
}
