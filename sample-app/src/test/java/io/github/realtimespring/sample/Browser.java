package io.github.realtimespring.sample;

import java.io.IOException;
import java.net.CookieManager;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a browser does with the sample: signs in over HTTP and opens a WebSocket with the cookie it got. */
final class Browser implements AutoCloseable {

    private static final JsonMapper JSON = new JsonMapper();

    private final URI server;
    private final HttpClient http;
    private final BlockingQueue<JsonNode> frames = new LinkedBlockingQueue<>(100_000);
    private final AtomicLong ids = new AtomicLong();
    private final CompletableFuture<Integer> closed = new CompletableFuture<>();
    private @Nullable WebSocket socket;

    Browser(int port) {
        this(port, HttpClient.newBuilder().cookieHandler(new CookieManager()).build());
    }

    private Browser(int port, HttpClient http) {
        this.server = URI.create("http://localhost:" + port);
        this.http = http;
    }

    /** The same browser with its cookies, at another process: cookies know no ports. */
    Browser at(int port) {
        return new Browser(port, this.http);
    }

    /** Signs somebody in and returns what says so to every process, as a header of requests has it. */
    static String cookieOf(String user, int port) throws IOException, InterruptedException {
        Browser browser = new Browser(port);
        browser.login(user, "demo");
        return browser.cookie("remember-me");
    }

    HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(this.server.resolve(path)).GET());
    }

    /** What an operator does, with a name and a password of their own and without a form. */
    HttpResponse<String> delete(String path, String user, String password) throws IOException, InterruptedException {
        String basic = Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
        JsonNode csrf = JSON.readTree(get("/csrf").body());
        return send(HttpRequest.newBuilder(this.server.resolve(path))
                .header("Authorization", "Basic " + basic)
                .header("X-XSRF-TOKEN", csrf.path("token").asString())
                .DELETE());
    }

    HttpResponse<String> post(String path, String form) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(this.server.resolve(path))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(HttpRequest.BodyPublishers.ofString(form)));
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return this.http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** The token of a form, ready to be posted. */
    String csrf() throws IOException, InterruptedException {
        JsonNode csrf = JSON.readTree(get("/csrf").body());
        return csrf.path("parameterName").asString() + "="
                + URLEncoder.encode(csrf.path("token").asString(), StandardCharsets.UTF_8);
    }

    HttpResponse<String> login(String user, String password) throws IOException, InterruptedException {
        return post("/login", "username=" + user + "&password=" + password + "&" + csrf());
    }

    /** A cookie that it got, as a header of requests has it. */
    String cookie(String name) {
        return this.http
                .cookieHandler()
                .map(CookieManager.class::cast)
                .orElseThrow()
                .getCookieStore()
                .getCookies()
                .stream()
                .filter(cookie -> cookie.getName().equals(name))
                .map(cookie -> name + "=" + cookie.getValue())
                .findFirst()
                .orElseThrow();
    }

    Browser connect() {
        this.socket = this.http
                .newWebSocketBuilder()
                .subprotocols("realtime.v1.json")
                .buildAsync(URI.create("ws://localhost:" + this.server.getPort() + "/realtime/ws"), new Listener())
                .join();
        return this;
    }

    /** Sends a frame under a new id and returns the answer. */
    JsonNode request(String frame) throws InterruptedException {
        WebSocket socket = this.socket;
        if (socket == null) {
            throw new IllegalStateException("not connected");
        }
        long id = this.ids.incrementAndGet();
        socket.sendText(frame.replaceFirst("\\{", "{\"id\":" + id + ","), true).join();
        return await(answer -> answer.path("id").asLong(-1) == id);
    }

    JsonNode event(String event) throws InterruptedException {
        return frame(event).path("data");
    }

    /** The next event of this name, with its id and its cursor. */
    JsonNode frame(String event) throws InterruptedException {
        return any(event);
    }

    /** The next event of one of these names. */
    JsonNode any(String... events) throws InterruptedException {
        return await(frame -> List.of(events).contains(frame.path("event").asString(""))
                && frame.path("type").asString().equals("event"));
    }

    /** The next frame, whatever it is. */
    JsonNode next() throws InterruptedException {
        return await(frame -> true);
    }

    /** Sends a frame that nobody answers, or whose answer is looked for by the caller. */
    void send(String frame) {
        WebSocket socket = this.socket;
        if (socket == null) {
            throw new IllegalStateException("not connected");
        }
        socket.sendText(frame, true).join();
    }

    /** The next frame that fits; others before it are dropped. */
    private JsonNode await(Predicate<JsonNode> wanted) throws InterruptedException {
        while (true) {
            JsonNode frame = this.frames.poll(20, TimeUnit.SECONDS);
            if (frame == null) {
                throw new AssertionError("the frame did not come");
            }
            if (wanted.test(frame)) {
                return frame;
            }
        }
    }

    /** The code with which the server has closed the connection. */
    int closeCode() throws Exception {
        return this.closed.get(20, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        if (this.socket != null) {
            this.socket.abort();
        }
    }

    private final class Listener implements WebSocket.Listener {

        private final StringBuilder message = new StringBuilder();

        @Override
        public @Nullable CompletionStage<?> onClose(WebSocket socket, int statusCode, String reason) {
            Browser.this.closed.complete(statusCode);
            return null;
        }

        @Override
        public @Nullable CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
            this.message.append(data);
            if (last) {
                // Frames that waited together come as one message.
                List.of(this.message.toString().split("\n"))
                        .forEach(frame -> Browser.this.frames.add(JSON.readTree(frame)));
                this.message.setLength(0);
            }
            socket.request(1);
            return null;
        }
    }
}
