package io.github.realtimespring.scenario;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.apache.coyote.AbstractProtocol;
import org.eclipse.jetty.server.AbstractConnector;
import org.springframework.boot.jetty.JettyWebServer;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.WebServer;

/** The servers; each run of the tests has one of them on its class path. */
public enum TestServer {
    TOMCAT("server.tomcat.connection-timeout", "server.tomcat.threads.max=4") {
        @Override
        public boolean started(WebServer server) {
            return server instanceof TomcatWebServer;
        }

        /** Tomcat's acceptor counts one in advance. */
        @Override
        public long sockets(WebServer server) {
            return ((AbstractProtocol<?>) ((TomcatWebServer) server)
                                    .getTomcat()
                                    .getConnector()
                                    .getProtocolHandler())
                            .getConnectionCount()
                    - 1;
        }
    },
    /** Its acceptor and its selectors have threads of the pool. */
    JETTY(
            "server.jetty.connection-idle-timeout",
            "server.jetty.threads.max=8",
            "server.jetty.threads.acceptors=1",
            "server.jetty.threads.selectors=1") {
        @Override
        public boolean started(WebServer server) {
            return server instanceof JettyWebServer;
        }

        @Override
        public long sockets(WebServer server) {
            return ((AbstractConnector) ((JettyWebServer) server).getServer().getConnectors()[0])
                    .getConnectedEndPoints()
                    .size();
        }
    },
    NETTY("server.netty.idle-timeout") {
        @Override
        public boolean started(WebServer server) {
            return server instanceof NettyWebServer && onIoUring() == Boolean.getBoolean("realtime.test.io-uring");
        }

        /** Event loops are named after what drives them. */
        private static boolean onIoUring() {
            return Thread.getAllStackTraces().keySet().stream()
                    .anyMatch(thread -> thread.getName().contains("io_uring"));
        }

        /** It tells nobody; {@link RealtimeServer.Channels} counts them. */
        @Override
        public long sockets(WebServer server) {
            throw new UnsupportedOperationException();
        }
    };

    private final String idleTimeout;
    private final List<String> fewThreads;

    TestServer(String idleTimeout, String... fewThreads) {
        this.idleTimeout = idleTimeout;
        this.fewThreads = List.of(fewThreads);
    }

    /** The one that this run is about. */
    public static TestServer current() {
        String name = System.getProperty("realtime.test.server");
        if (name == null) {
            throw new IllegalStateException(
                    "-Drealtime.test.server=tomcat|jetty|netty says which server is on the class path, as in the pom.xml");
        }
        return valueOf(name.toUpperCase(Locale.ROOT));
    }

    /** Whether {@code server} is one of these. */
    public abstract boolean started(WebServer server);

    /** Properties that leave about four threads for requests. */
    public List<String> fewThreads() {
        return this.fewThreads;
    }

    /** How long the server waits for the rest of a request, or for the next one, as a property. */
    public String idleTimeout(Duration timeout) {
        return this.idleTimeout + "=" + timeout.toMillis() + "ms";
    }

    /** TCP connections that {@code server} holds. */
    public abstract long sockets(WebServer server);
}
