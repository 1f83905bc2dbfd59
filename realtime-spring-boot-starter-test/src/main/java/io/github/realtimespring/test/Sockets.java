package io.github.realtimespring.test;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import tools.jackson.databind.json.JsonMapper;

/** The connections to the server at one URL. */
final class Sockets {

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI server;
    private final String basePath;
    private final JsonMapper mapper;
    private final List<TestConnection.Socket> open = new CopyOnWriteArrayList<>();

    /** @throws IllegalArgumentException if that is not the URL of a server */
    Sockets(String server, String basePath, JsonMapper mapper) {
        URI uri = URI.create(server.endsWith("/") ? server.substring(0, server.length() - 1) : server);
        String scheme = uri.getScheme();
        if (!("http".equals(scheme) || "https".equals(scheme)) || uri.getHost() == null || uri.getQuery() != null) {
            throw new IllegalArgumentException(
                    "'" + server + "' is not the URL of a server, such as http://localhost:8080");
        }
        this.server = uri;
        this.basePath = basePath;
        this.mapper = mapper;
    }

    TestConnection connect(ClientTransport transport, TestClient client, Inbox inbox, Duration timeout) {
        Map<String, List<String>> headers = new HashMap<>(client.headers());
        headers.putAll(login(client));
        String base = this.server + this.basePath;
        TestConnection.Socket connection = switch (transport) {
            case EMBEDDED ->
                throw new IllegalStateException(
                        "a client in memory needs the application in the same test: choose another transport");
            case WEBSOCKET ->
                WebSocketConnection.open(
                        this.http, URI.create(base.replaceFirst("http", "ws") + "/ws"), headers, inbox, timeout);
            case SSE, LONG_POLL ->
                StreamConnection.open(this.http, base, transport, headers, inbox, this.mapper, timeout);
        };
        this.open.add(connection);
        return connection;
    }

    private Map<String, List<String>> login(TestClient client) {
        Map<String, List<String>> headers = new HashMap<>();
        if (client.login() != null) {
            try {
                client.login().headers(this.server).forEach((name, value) -> headers.put(name, List.of(value)));
            } catch (IOException ex) {
                throw new ConnectFailedError("could not log in at " + this.server + ": " + ex, 0, ex);
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                throw new ConnectFailedError("could not log in at " + this.server + ": interrupted", 0, ex);
            }
        }
        return headers;
    }

    /** Those that were not forgotten; they may have ended. */
    List<TestConnection.Socket> open() {
        return this.open;
    }

    void forgetEnded() {
        this.open.removeIf(TestConnection::isEnded);
    }
}
