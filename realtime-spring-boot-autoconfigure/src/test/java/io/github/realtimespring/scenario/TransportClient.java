package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** One member of a room, the same to the scenarios whatever its transport: it follows frames and sends publishes. */
interface TransportClient extends AutoCloseable {

    Duration PATIENCE = Duration.ofSeconds(30);

    Pattern CURSOR = Pattern.compile("\"cursor\":\"([^\"]+)\"");

    enum Kind {
        WEBSOCKET {
            @Override
            TransportClient join(RealtimeServer server, String room, String since, String... headers) {
                return new OnWebSocket(server, room, since, headers);
            }

            @Override
            AutoCloseable stopped(RealtimeServer server, String room) throws IOException {
                RawWebSocket socket;
                try {
                    socket = RawWebSocket.open(server.port, "/realtime/ws", 4096);
                    socket.text("{\"type\":\"join\",\"id\":1,\"room\":\"" + room + "\"}");
                    while (!socket.message().contains("\"joined\"")) {
                        continue;
                    }
                } catch (Exception ex) {
                    throw new IOException(ex);
                }
                return socket;
            }
        },
        SSE {
            @Override
            TransportClient join(RealtimeServer server, String room, String since, String... headers) throws Exception {
                return new OnEventStream(server, room, since, headers);
            }

            @Override
            AutoCloseable stopped(RealtimeServer server, String room) throws IOException {
                Socket socket = Kind.connect(server, "/realtime/sse?room=" + room);
                Kind.readUntil(socket, "\"joined\"");
                return socket;
            }
        },
        POLL {
            @Override
            TransportClient join(RealtimeServer server, String room, String since, String... headers) {
                return new OnPolls(server, room, since, headers);
            }

            /** It reads what is there when it begins, and never polls again. */
            @Override
            AutoCloseable stopped(RealtimeServer server, String room) throws IOException {
                Socket socket = Kind.connect(server, "/realtime/poll?room=" + room);
                Kind.readUntil(socket, "\"joined\"");
                return socket;
            }
        };

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }

        private static Socket connect(RealtimeServer server, String path) throws IOException {
            Socket socket = new Socket();
            socket.setReceiveBufferSize(4096);
            socket.setSoTimeout(20_000);
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port));
            socket.getOutputStream()
                    .write(("GET " + path + " HTTP/1.1\r\nHost: localhost:" + server.port + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            return socket;
        }

        private static void readUntil(Socket socket, String part) throws IOException {
            InputStream in = socket.getInputStream();
            StringBuilder seen = new StringBuilder();
            while (seen.indexOf(part) < 0) {
                int c = in.read();
                if (c < 0) {
                    throw new IOException("ended after " + seen);
                }
                seen.append((char) c);
            }
        }

        /** @param since the cursor to go on from, or null */
        abstract TransportClient join(RealtimeServer server, String room, String since, String... headers)
                throws Exception;

        /** A member that has joined and reads nothing more. */
        abstract AutoCloseable stopped(RealtimeServer server, String room) throws IOException;
    }

    /** Frames so far. */
    List<String> frames();

    /** Sends one publish frame; what it is answered. */
    String publish(String frame) throws Exception;

    @Override
    void close() throws Exception;

    /** Waits for a frame that contains {@code part}. */
    default String expect(String part) {
        await().atMost(PATIENCE).until(() -> frames().stream().anyMatch(frame -> frame.contains(part)));
        return frames().stream()
                .filter(frame -> frame.contains(part))
                .findFirst()
                .orElseThrow();
    }

    default List<String> events() {
        return frames().stream()
                .filter(frame -> frame.startsWith("{\"type\":\"event\""))
                .toList();
    }

    /** Waits until the server has ended it; the code it said. */
    int ended() throws InterruptedException;

    static String cursor(String frame) {
        Matcher matcher = CURSOR.matcher(frame);
        assertThat(matcher.find()).as(frame).isTrue();
        return matcher.group(1);
    }

    static int goawayCode(String goaway) {
        return Integer.parseInt(goaway.replaceAll(".*\"code\":(\\d+).*", "$1"));
    }

    final class OnWebSocket implements TransportClient {

        private final TestClient client;

        OnWebSocket(RealtimeServer server, String room, String since, String... headers) {
            this.client = server.client(headers);
            this.client.send("{\"type\":\"join\",\"id\":99,\"room\":\"" + room + "\""
                    + (since == null ? "" : ",\"since\":\"" + since + "\"") + "}");
        }

        @Override
        public List<String> frames() {
            return this.client.frames();
        }

        void send(String frame) {
            this.client.send(frame);
        }

        @Override
        public String publish(String frame) {
            send(frame);
            String id = frame.replaceAll(".*\"id\":(\\d+).*", "\"id\":$1,");
            return expect(id);
        }

        @Override
        public int ended() throws InterruptedException {
            return this.client.closeCode();
        }

        @Override
        public void close() {
            this.client.close();
        }
    }

    /** What posts its frames. */
    abstract class OverHttp implements TransportClient {

        private final HttpClient http = HttpClient.newHttpClient();
        private final RealtimeServer server;
        private final String[] headers;

        OverHttp(RealtimeServer server, String... headers) {
            this.server = server;
            this.headers = headers;
        }

        @Override
        public String publish(String frame) throws Exception {
            HttpRequest.Builder request = HttpRequest.newBuilder(this.server.http("/realtime/send"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(frame));
            for (String header : this.headers) {
                int colon = header.indexOf(':');
                request.header(
                        header.substring(0, colon), header.substring(colon + 1).trim());
            }
            return this.http
                    .send(request.build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }

        @Override
        public int ended() throws InterruptedException {
            return goawayCode(expect("\"goaway\""));
        }
    }

    final class OnEventStream extends OverHttp {

        private final SseClient client;

        OnEventStream(RealtimeServer server, String room, String since, String... headers) throws Exception {
            super(server, headers);
            this.client = SseClient.open(
                    server.http("/realtime/sse?room=" + room + (since == null ? "" : "@" + since)), headers);
            assertThat(this.client.status()).isEqualTo(200);
        }

        @Override
        public List<String> frames() {
            return this.client.frames();
        }

        @Override
        public int ended() throws InterruptedException {
            this.client.awaitEnd();
            return super.ended();
        }

        @Override
        public void close() throws Exception {
            this.client.close();
        }
    }

    final class OnPolls extends OverHttp {

        private final PollClient client;
        private final List<String> frames = new CopyOnWriteArrayList<>();
        private final Thread thread = new Thread(this::poll, "poll-client");
        private volatile boolean closed;

        OnPolls(RealtimeServer server, String room, String since, String... headers) {
            super(server, headers);
            this.client = new PollClient(
                    server.http("/realtime/poll?room=" + room + (since == null ? "" : "@" + since)), headers);
            this.thread.setDaemon(true);
            this.thread.start();
        }

        private void poll() {
            try {
                while (!this.closed && this.frames.stream().noneMatch(frame -> frame.contains("\"goaway\""))) {
                    PollClient.Answer answer = this.client.poll("5s");
                    if (answer.status() != 200 && answer.status() != 204) {
                        this.frames.add(answer.status() + " " + answer.body());
                        return;
                    }
                    this.frames.addAll(answer.frames());
                }
            } catch (Exception ended) {
                this.frames.add("failed: " + ended);
            }
        }

        @Override
        public List<String> frames() {
            return this.frames;
        }

        @Override
        public void close() {
            this.closed = true;
            this.thread.interrupt();
        }
    }
}
