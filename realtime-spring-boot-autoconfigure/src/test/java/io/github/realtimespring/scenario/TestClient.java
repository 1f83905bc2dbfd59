package io.github.realtimespring.scenario;

import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/** A client on the JDK's own WebSocket. */
public final class TestClient implements WebSocket.Listener, AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final StringBuilder partial = new StringBuilder();
    private final List<String> frames = new CopyOnWriteArrayList<>();
    private final AtomicLong events = new AtomicLong();
    private final AtomicLong messages = new AtomicLong();
    private final CompletableFuture<Integer> closeCode = new CompletableFuture<>();
    private final AtomicLong lastNumber = new AtomicLong();
    private volatile boolean keep = true;
    private volatile boolean answersHeartbeats;
    private volatile WebSocket socket;

    public static TestClient connect(HttpClient http, URI uri, String... headers) {
        TestClient client = new TestClient();
        WebSocket.Builder builder = http.newWebSocketBuilder();
        for (String header : headers) {
            int colon = header.indexOf(':');
            if (header.startsWith("Sec-WebSocket-Protocol:")) {
                String[] names = header.substring(colon + 1).trim().split(" *, *");
                builder.subprotocols(
                        names[0], List.of(names).subList(1, names.length).toArray(String[]::new));
            } else {
                builder.header(
                        header.substring(0, colon), header.substring(colon + 1).trim());
            }
        }
        client.socket = builder.buildAsync(uri, client).join();
        return client;
    }

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
        this.partial.append(data);
        if (last) {
            this.messages.incrementAndGet();
            for (String frame : this.partial.toString().split("\n")) {
                if (frame.startsWith("{\"type\":\"event\"")) {
                    this.events.incrementAndGet();
                    number(frame);
                } else if (this.answersHeartbeats && frame.startsWith("{\"type\":\"ping\"")) {
                    socket.sendText("{\"type\":\"pong\"}", true);
                }
                if (this.keep) {
                    this.frames.add(frame);
                }
            }
            this.partial.setLength(0);
        }
        socket.request(1);
        return null;
    }

    /** Follows events that are numbered from 1: with one out of order it stays behind for good. */
    private void number(String event) {
        int begin = event.indexOf("{\"n\":");
        if (begin > 0) {
            long number = Long.parseLong(event.substring(begin + 5, event.indexOf(',', begin)));
            this.lastNumber.compareAndSet(number - 1, number);
        }
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int statusCode, String reason) {
        this.closeCode.complete(statusCode);
        return null;
    }

    @Override
    public void onError(WebSocket socket, Throwable error) {
        this.closeCode.complete(1006);
    }

    /** Counts frames only from now on. */
    public TestClient forget() {
        this.keep = false;
        this.frames.clear();
        return this;
    }

    /** From now on it does as a client of the protocol does. */
    public TestClient answerHeartbeats() {
        this.answersHeartbeats = true;
        return this;
    }

    /** How many of the numbered events came one after the other, none missing and none twice. */
    public long inOrder() {
        return this.lastNumber.get() == this.events.get() ? this.lastNumber.get() : -1;
    }

    public void send(String text) {
        this.socket.sendText(text, true).join();
    }

    public void closeWith(int code) {
        this.socket.sendClose(code, "").join();
    }

    public String subprotocol() {
        return this.socket.getSubprotocol();
    }

    /** The frames so far, messages taken apart. */
    public List<String> frames() {
        return this.frames;
    }

    public long events() {
        return this.events.get();
    }

    /** Text messages, each of one or more frames. */
    public long messages() {
        return this.messages.get();
    }

    /** Waits for a frame that contains {@code part}. */
    public String expect(String part) {
        await().atMost(PATIENCE).until(() -> this.frames.stream().anyMatch(frame -> frame.contains(part)));
        return this.frames.stream()
                .filter(frame -> frame.contains(part))
                .findFirst()
                .orElseThrow();
    }

    /** Waits for the end of the connection. */
    public int closeCode() {
        return this.closeCode
                .orTimeout(PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS)
                .join();
    }

    public boolean closed() {
        return this.closeCode.isDone();
    }

    @Override
    public void close() {
        this.socket.abort();
    }
}
