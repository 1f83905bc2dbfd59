package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSession;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.net.URI;
import java.security.Principal;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;

/**
 * The application of this test, in memory and, if it has a server, by sockets. It knows whether anything is still going
 * on in it.
 */
final class LocalServer implements TestServer {

    private static final URI WEBSOCKET = URI.create("http://localhost/realtime/ws");

    private static final boolean SECURITY = ClassUtils.isPresent(
            "org.springframework.security.core.Authentication", LocalServer.class.getClassLoader());

    /**
     * What the application under test is made of.
     *
     * @param replays questions for the history that are not answered yet
     * @param arrivals how much has come from the backplane of the test; negative while something is on its way
     */
    record Application(
            ProtocolSessions sessions,
            ConnectionRegistry connections,
            FanoutService fanout,
            IntSupplier replays,
            LongSupplier arrivals,
            TaskCounter tasks,
            @Nullable TenantResolver tenants,
            List<IdentityCustomizer> identities) {

        Application {
            identities = List.copyOf(identities);
        }
    }

    private final Application application;
    private final @Nullable Supplier<Sockets> sockets;
    private final TestPrincipals principals;
    private final List<EmbeddedConnection> embedded = new CopyOnWriteArrayList<>();
    private final AtomicLong marks = new AtomicLong();

    LocalServer(Application application, @Nullable Supplier<Sockets> sockets, TestPrincipals principals) {
        this.application = application;
        this.sockets = sockets;
        this.principals = principals;
    }

    @Override
    public TestClient user(String name, String... roles) {
        Principal principal;
        if (SECURITY) {
            principal = TestAuthentication.of(name, roles);
        } else if (roles.length == 0) {
            principal = () -> name;
        } else {
            throw new IllegalStateException("roles need Spring Security on the class path");
        }
        return new TestClient(principal, null, Map.of());
    }

    @Override
    public TestConnection connect(ClientTransport transport, TestClient client, Inbox inbox, Duration timeout) {
        if (transport == ClientTransport.EMBEDDED) {
            if (client.login() != null) {
                throw new IllegalStateException("a login needs a socket: choose another transport");
            }
            return connect(handshake(client), inbox);
        }
        Supplier<Sockets> sockets = this.sockets;
        if (sockets == null) {
            throw new IllegalStateException(transport + " needs a server: start one by"
                    + " @SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)");
        }
        Map<String, List<String>> headers = new HashMap<>(client.headers());
        if (client.login() == null) {
            headers.put(TestPrincipals.HEADER, List.of(this.principals.ticket(client.principal())));
        }
        return sockets.get().connect(transport, new TestClient(null, client.login(), headers), inbox, timeout);
    }

    /** As a transport makes it, with tenant and identity by the application's beans. */
    private Handshake handshake(TestClient client) {
        Principal principal = client.principal();
        TenantResolver tenants = this.application.tenants();
        HandshakeRequest request = new HandshakeRequest(WEBSOCKET, client.headers(), principal);
        String user = principal == null ? null : principal.getName();
        String tenant = tenants == null ? null : tenants.resolve(request);
        Identity identity = new Identity(user, tenant, null, Map.of());
        for (IdentityCustomizer customizer : this.application.identities()) {
            Identity custom = customizer.customize(identity, request);
            identity = new Identity(user, tenant, custom.device(), custom.claims());
        }
        return new Handshake(principal, identity, null, null);
    }

    @Override
    public TestConnection connect(Handshake handshake, Inbox inbox) {
        EmbeddedConnection connection = new EmbeddedConnection(inbox);
        this.embedded.add(connection);
        connection.open(this.application.sessions(), handshake);
        // On a backplane of several nodes the user's key is subscribed before.
        inbox.awaitWelcome(RealtimeTester.TIMEOUT);
        return connection;
    }

    @Override
    public boolean disconnectAll(Duration timeout) {
        this.embedded.forEach(EmbeddedConnection::disconnect);
        open().forEach(TestConnection::disconnect);
        boolean idle = awaitIdle(timeout);
        this.embedded.removeIf(EmbeddedConnection::isEnded);
        if (this.sockets != null) {
            this.sockets.get().forgetEnded();
        }
        this.principals.forget();
        return idle;
    }

    private List<TestConnection.Socket> open() {
        return this.sockets == null ? List.of() : this.sockets.get().open();
    }

    /**
     * What clients sent has arrived once each has had an answer to it; then the application comes to rest; then a mark
     * behind everything that waits in the queue of each connection shows that it has arrived as well.
     */
    @Override
    public boolean awaitIdle(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        if (!await(this::endsAreOver, left(deadline))) {
            return false;
        }
        for (TestConnection.Socket socket : open()) {
            if (!socket.awaitSent(left(deadline))) {
                return false;
            }
        }
        if (!await(this::isAtRest, left(deadline))) {
            return false;
        }
        Map<Long, Inbox> marked = new LinkedHashMap<>();
        for (TestConnection.Socket socket : open()) {
            if (socket.isReading() && !socket.isEnded()) {
                mark(socket, marked);
            }
        }
        for (Map.Entry<Long, Inbox> mark : marked.entrySet()) {
            if (!mark.getValue().awaitMark(mark.getKey(), left(deadline))) {
                return false;
            }
        }
        return true;
    }

    /**
     * That the reader of a stream is gone a server sees late, at a heartbeat; here it is told, and answers with that what
     * the client had asked for before. A late request may have opened another connection, which ends then, too.
     */
    private boolean endsAreOver() {
        boolean late = open().stream().anyMatch(TestConnection.Socket::hasLateRequests);
        for (TestConnection.Socket socket : open()) {
            for (ConnectionId id : socket.endedIds()) {
                ProtocolSession session = this.application.sessions().find(id);
                if (session != null) {
                    session.connection().close(CloseReason.NORMAL);
                }
            }
        }
        return !late;
    }

    private void mark(TestConnection.Socket socket, Map<Long, Inbox> marked) {
        for (ConnectionId id : socket.ids()) {
            ProtocolSession session = this.application.sessions().find(id);
            long mark = this.marks.incrementAndGet();
            if (session != null && session.connection().send(Frame.direct(Inbox.mark(mark))) == Outcome.ACCEPTED) {
                marked.put(mark, socket.inbox());
            }
        }
    }

    private static boolean await(Callable<Boolean> condition, Duration timeout) {
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(timeout)
                    .until(condition);
            return true;
        } catch (ConditionTimeoutException ex) {
            return false;
        }
    }

    /**
     * Whether every frame that was sent has been handled and every event that was published has been queued, and has
     * arrived where that takes no time.
     *
     * <p>Work moves from mailboxes to passes, from both to replays, and, when a pass closes a slow connection, from passes
     * back to mailboxes. A mailbox can only begin something through a task, so two equal counts of tasks frame a moment at
     * which all were at rest.
     */
    private boolean isAtRest() {
        TaskCounter tasks = this.application.tasks();
        FanoutService fanout = this.application.fanout();
        long taken = tasks.taken();
        long arrived = this.application.arrivals().getAsLong();
        return arrived >= 0
                && endsAreKnown()
                && tasks.isIdle()
                && handled()
                && fanout.pending() == 0
                && handled()
                && fanout.pending() == 0
                && this.application.replays().getAsInt() == 0
                && this.embedded.stream().allMatch(EmbeddedConnection::isDrained)
                && tasks.taken() == taken
                && this.application.arrivals().getAsLong() == arrived;
    }

    /** Whether the server knows of every connection that the client has ended. */
    private boolean endsAreKnown() {
        return open().stream().flatMap(socket -> socket.endedIds().stream()).allMatch(this::isOver);
    }

    /** A connection is closed a moment before those who are told of it know. */
    private boolean isOver(ConnectionId id) {
        ProtocolSession session = this.application.sessions().find(id);
        return (session == null || !session.connection().isOpen())
                && this.application.connections().find(id) == null;
    }

    private boolean handled() {
        for (ProtocolSession session : this.application.sessions()) {
            if (!session.isIdle()) {
                return false;
            }
        }
        return true;
    }

    private static Duration left(long deadline) {
        return Duration.ofNanos(Math.max(1, deadline - System.nanoTime()));
    }
}
