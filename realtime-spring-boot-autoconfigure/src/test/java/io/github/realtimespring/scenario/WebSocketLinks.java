package io.github.realtimespring.scenario;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Clients on the JDK's own WebSocket, against any server. */
public final class WebSocketLinks implements ResumeModel.Transport {

    private final HttpClient http = HttpClient.newHttpClient();
    private final URI uri;

    public WebSocketLinks(URI uri) {
        this.uri = uri;
    }

    @Override
    public ResumeModel.Link open(String room, String since, Consumer<String> frames, Consumer<String> closed)
            throws Exception {
        Socket socket = new Socket(frames, closed);
        WebSocket webSocket =
                this.http.newWebSocketBuilder().buildAsync(this.uri, socket).get(30, TimeUnit.SECONDS);
        socket.socket = webSocket;
        webSocket
                .sendText(
                        "{\"type\":\"join\",\"id\":1,\"room\":\"" + room + "\""
                                + (since == null ? "" : ",\"since\":\"" + since + "\"") + "}",
                        true)
                .get(30, TimeUnit.SECONDS);
        return socket;
    }

    private static final class Socket implements WebSocket.Listener, ResumeModel.Link {

        private final Consumer<String> frames;
        private final Consumer<String> closed;
        private final StringBuilder partial = new StringBuilder();
        private final AtomicBoolean stalled = new AtomicBoolean();
        private final AtomicBoolean owing = new AtomicBoolean();
        private volatile WebSocket socket;

        Socket(Consumer<String> frames, Consumer<String> closed) {
            this.frames = frames;
            this.closed = closed;
        }

        @Override
        public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            this.partial.append(data);
            if (last) {
                String message = this.partial.toString();
                this.partial.setLength(0);
                message.lines().forEach(this.frames);
            }
            this.owing.set(true);
            if (!this.stalled.get()) {
                goOn(socket);
            }
            return null;
        }

        private void goOn(WebSocket socket) {
            if (this.owing.compareAndSet(true, false)) {
                socket.request(1);
            }
        }

        @Override
        public CompletionStage<?> onClose(WebSocket socket, int statusCode, String reason) {
            this.closed.accept(statusCode + " " + reason);
            return null;
        }

        @Override
        public void onError(WebSocket socket, Throwable error) {
            this.closed.accept(error.toString());
        }

        @Override
        public void stall(boolean stalled) {
            this.stalled.set(stalled);
            if (!stalled) {
                goOn(this.socket);
            }
        }

        @Override
        public void cut() {
            this.socket.abort();
        }
    }
}
