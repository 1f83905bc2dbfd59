package io.github.realtimespring.test;

import io.github.realtimespring.protocol.Handshake;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;
import org.jspecify.annotations.Nullable;

/** A server of which nothing is known but its URL. */
final class RemoteServer implements TestServer {

    private final Sockets sockets;
    private final Map<String, List<String>> headers;
    private final @Nullable Function<String, ClientLogin> users;
    private final Duration quiet;

    /**
     * @param headers of every handshake
     * @param users how the user of a name logs in, or {@code null}
     * @param quiet how long nothing comes when there is no more
     */
    RemoteServer(
            Sockets sockets,
            Map<String, List<String>> headers,
            @Nullable Function<String, ClientLogin> users,
            Duration quiet) {
        this.sockets = sockets;
        this.headers = Map.copyOf(headers);
        this.users = users;
        this.quiet = quiet;
    }

    @Override
    public TestClient user(String name, String... roles) {
        if (this.users == null) {
            throw new IllegalStateException("how '" + name
                    + "' logs in at this server is not known: say so by users(…)," + " or connect with a login");
        }
        if (roles.length > 0) {
            throw new IllegalStateException("the roles of '" + name + "' are those that the server gives");
        }
        return new TestClient(null, this.users.apply(name), Map.of());
    }

    @Override
    public TestConnection connect(ClientTransport transport, TestClient client, Inbox inbox, Duration timeout) {
        if (client.principal() != null) {
            throw new IllegalStateException("a principal cannot be sent to a server: connect with a login");
        }
        Map<String, List<String>> all = new HashMap<>(this.headers);
        all.putAll(client.headers());
        return this.sockets.connect(transport, new TestClient(null, client.login(), all), inbox, timeout);
    }

    @Override
    public TestConnection connect(Handshake handshake, Inbox inbox) {
        throw new IllegalStateException("a handshake cannot be sent to a server: connect with a login");
    }

    /** What was sent has arrived, and then nothing comes for a while. */
    @Override
    public boolean awaitIdle(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        for (TestConnection.Socket socket : this.sockets.open()) {
            if (!socket.awaitSent(Duration.ofNanos(deadline - System.nanoTime()))) {
                return false;
            }
        }
        long begin = System.nanoTime();
        try {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(timeout.plus(this.quiet))
                    .until(() -> isQuiet(begin));
            return true;
        } catch (ConditionTimeoutException ex) {
            return false;
        }
    }

    private boolean isQuiet(long begin) {
        long now = System.nanoTime();
        return now - begin >= this.quiet.toNanos()
                && this.sockets.open().stream()
                        .allMatch(socket -> now - socket.inbox().latest() >= this.quiet.toNanos());
    }

    @Override
    public boolean disconnectAll(Duration timeout) {
        this.sockets.open().forEach(TestConnection::disconnect);
        this.sockets.forgetEnded();
        return true;
    }
}
