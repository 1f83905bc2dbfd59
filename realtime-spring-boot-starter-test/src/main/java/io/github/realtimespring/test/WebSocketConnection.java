package io.github.realtimespring.test;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A WebSocket of the JDK's client. Messages are asked for one by one, so a client that does not read leaves what is sent
 * to it in the network and in its queue.
 *
 * <p>The monitor guards {@code reading} and {@code held}, and is held for nothing else.
 */
final class WebSocketConnection implements TestConnection.Socket, WebSocket.Listener {

    private static final String SUBPROTOCOL = "realtime.v1.json";
    private static final String PONG = "{\"type\":\"pong\"}";
    private static final int UPGRADE_REQUIRED = 426;
    private static final Duration CLOSING = Duration.ofSeconds(2);

    private final Inbox inbox;
    private final Duration timeout;
    private final StringBuilder part = new StringBuilder();
    private final SendOrder sends = new SendOrder();
    private final CompletableFuture<@Nullable Void> ended = new CompletableFuture<>();
    private volatile @Nullable WebSocket socket;
    /** Pings without an answer, by what they hold. */
    private final Map<Long, CompletableFuture<@Nullable Void>> pings = new ConcurrentHashMap<>();

    private final AtomicLong pinged = new AtomicLong();
    private boolean reading = true;
    private @Nullable String held;

    private WebSocketConnection(Inbox inbox, Duration timeout) {
        this.inbox = inbox;
        this.timeout = timeout;
    }

    static WebSocketConnection open(
            HttpClient http, URI uri, Map<String, List<String>> headers, Inbox inbox, Duration timeout) {
        WebSocketConnection connection = new WebSocketConnection(inbox, timeout);
        WebSocket.Builder builder =
                http.newWebSocketBuilder().subprotocols(SUBPROTOCOL).connectTimeout(timeout);
        headers.forEach((name, values) -> values.forEach(value -> builder.header(name, value)));
        CompletableFuture<WebSocket> opening = builder.buildAsync(uri, connection);
        try {
            connection.socket = opening.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException ex) {
            throw refused(uri, ex.getCause() == null ? ex : ex.getCause());
        } catch (TimeoutException ex) {
            opening.thenAccept(WebSocket::abort);
            throw silent(http, uri, headers, ex);
        } catch (InterruptedException ex) {
            opening.thenAccept(WebSocket::abort);
            Thread.currentThread().interrupt();
            throw refused(uri, ex);
        }
        if (!inbox.awaitWelcome(timeout)) {
            connection.disconnect();
            throw new ConnectFailedError(
                    "no welcome from " + uri + " within " + timeout.toMillis() + " ms.\n" + inbox.describe(),
                    101,
                    null);
        }
        return connection;
    }

    /** The JDK's client has been seen to wait on after a 404; a request that is no handshake shows what there is. */
    private static ConnectFailedError silent(
            HttpClient http, URI uri, Map<String, List<String>> headers, TimeoutException cause) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create(uri.toString().replaceFirst("ws", "http")))
                .timeout(CLOSING);
        headers.forEach((name, values) -> values.forEach(value -> request.header(name, value)));
        try {
            HttpResponse<Void> answer = http.send(request.build(), HttpResponse.BodyHandlers.discarding());
            return answer.statusCode() == UPGRADE_REQUIRED
                    ? ConnectFailedError.unreachable(uri, cause)
                    : ConnectFailedError.answered(uri, answer, cause);
        } catch (IOException ex) {
            return ConnectFailedError.unreachable(uri, ex);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            return ConnectFailedError.unreachable(uri, ex);
        }
    }

    private static ConnectFailedError refused(URI uri, Throwable cause) {
        return cause instanceof WebSocketHandshakeException handshake
                ? ConnectFailedError.answered(uri, handshake.getResponse(), cause)
                : ConnectFailedError.unreachable(uri, cause);
    }

    @Override
    public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
        this.part.append(data);
        if (!last) {
            webSocket.request(1);
            return CompletableFuture.completedFuture(null);
        }
        String message = this.part.toString();
        this.part.setLength(0);
        synchronized (this) {
            if (!this.reading) {
                this.held = message;
                return CompletableFuture.completedFuture(null);
            }
        }
        arrived(webSocket, message);
        webSocket.request(1);
        return CompletableFuture.completedFuture(null);
    }

    /** A message holds one frame or several, a line each. */
    private void arrived(WebSocket webSocket, String message) {
        for (String frame : message.split("\n")) {
            Inbox.Arrival arrival = this.inbox.add(frame);
            if (arrival == Inbox.Arrival.PING) {
                this.sends.send(() -> webSocket.sendText(PONG, true));
            } else if (arrival == Inbox.Arrival.REFUSED) {
                webSocket.abort();
                this.ended.complete(null);
                return;
            }
        }
    }

    @Override
    public CompletionStage<?> onPong(WebSocket webSocket, ByteBuffer message) {
        CompletableFuture<@Nullable Void> answered =
                message.remaining() == Long.BYTES ? this.pings.remove(message.getLong()) : null;
        if (answered != null) {
            answered.complete(null);
        }
        webSocket.request(1);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public @Nullable CompletionStage<?> onClose(WebSocket webSocket, int code, String reason) {
        this.inbox.closed(new CloseReason(code, reason, false));
        this.ended.complete(null);
        return null;
    }

    @Override
    public void onError(WebSocket webSocket, Throwable failure) {
        this.inbox.closed(new CloseReason(CloseReason.ABNORMAL.code(), "connection lost: " + failure, false));
        this.ended.complete(null);
    }

    private WebSocket socket() {
        WebSocket socket = this.socket;
        if (socket == null) {
            throw new IllegalStateException("not open");
        }
        return socket;
    }

    @Override
    public void send(String text) {
        if (isEnded()) {
            return;
        }
        if (!this.sends.awaitPlace(this.timeout)) {
            throw new AssertionError("the server takes no more of what this client sends");
        }
        this.sends.send(() -> socket().sendText(text, true));
    }

    @Override
    public synchronized void stopReading() {
        this.reading = false;
    }

    @Override
    public void resumeReading() {
        String message;
        synchronized (this) {
            this.reading = true;
            message = this.held;
            this.held = null;
        }
        if (message != null) {
            arrived(socket(), message);
            socket().request(1);
        }
    }

    @Override
    public synchronized boolean isReading() {
        return this.reading;
    }

    @Override
    public void disconnect() {
        this.inbox.disconnected();
        resumeReading();
        if (!isEnded()) {
            this.sends.send(() -> socket().sendClose(CloseReason.NORMAL.code(), ""));
            SendOrder.await(this.ended, CLOSING);
        }
        socket().abort();
        this.ended.complete(null);
    }

    @Override
    public boolean isEnded() {
        return this.ended.isDone();
    }

    @Override
    public Inbox inbox() {
        return this.inbox;
    }

    @Override
    public List<ConnectionId> ids() {
        JsonNode welcome = this.inbox.first("welcome");
        return welcome == null
                ? List.of()
                : List.of(new ConnectionId(welcome.path("connection").asString()));
    }

    @Override
    public List<ConnectionId> endedIds() {
        return isEnded() ? ids() : List.of();
    }

    /** A pong says that what was sent before the ping has been read. */
    @Override
    public boolean awaitSent(Duration timeout) {
        if (isEnded()) {
            return true;
        }
        if (!isReading()) {
            return this.sends.awaitSent(timeout);
        }
        CompletableFuture<@Nullable Void> answered = new CompletableFuture<>();
        long number = this.pinged.incrementAndGet();
        this.pings.put(number, answered);
        ByteBuffer ping = ByteBuffer.allocate(Long.BYTES).putLong(number).flip();
        this.sends.send(() -> socket().sendPing(ping));
        boolean sent = SendOrder.await(CompletableFuture.anyOf(answered, this.ended), timeout);
        this.pings.remove(number);
        return sent;
    }
}
