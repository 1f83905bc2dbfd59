package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.OutputStream;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@ServerTest
class SendIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** One for all frames that are refused: none of them changes anything. */
    private static RealtimeServer refusing;

    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeAll
    static void startOne() {
        refusing = start();
    }

    @AfterAll
    static void stopOne() {
        refusing.close();
    }

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    private HttpResponse<String> send(RealtimeServer server, String frame, String... headers) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.http("/realtime/send"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(frame.replace('\'', '"')));
        for (String header : headers) {
            int colon = header.indexOf(':');
            request.setHeader(
                    header.substring(0, colon), header.substring(colon + 1).trim());
        }
        return this.http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aPublishIsAcknowledgedInTheAnswerAndReachesTheRoom() throws Exception {
        try (RealtimeServer server = start();
                SseClient stream = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            stream.expect("\"joined\"");
            HttpResponse<String> answer = send(
                    server, "{'type':'publish','id':7,'room':'project:1','event':'message.send','data':{'text':'hi'}}");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body()).startsWith("{\"type\":\"ack\",\"id\":7,").contains("\"cursor\":");
            String event = stream.expect("\"hi\"");
            assertThat(event).contains(answer.body().replaceAll(".*\"event\":\"([^\"]+)\".*", "$1"));

            answer = send(server, "{'type':'publish','room':'project:1','event':'echo','data':{'a':1}}");
            assertThat(answer.body()).isEqualTo("{\"type\":\"ack\",\"data\":{\"a\":1}}");
        }
    }

    @Test
    void theCallersOwnStreamIsLeftOut() throws Exception {
        try (RealtimeServer server = start();
                SseClient self = SseClient.open(server.http("/realtime/sse?room=project:1"));
                SseClient other = SseClient.open(server.http("/realtime/sse?room=project:1"))) {
            self.expect("\"joined\"");
            other.expect("\"joined\"");
            String connection = self.expect("welcome").replaceAll(".*\"connection\":\"([^\"]+)\".*", "$1");
            send(
                    server,
                    "{'type':'publish','id':1,'room':'project:1','event':'typing'}",
                    "X-Realtime-Connection: " + connection);
            HttpRequest task = HttpRequest.newBuilder(server.http("/projects/1/tasks"))
                    .header("X-Realtime-Connection", connection)
                    .POST(HttpRequest.BodyPublishers.noBody())
                    .build();
            assertThat(this.http
                            .send(task, HttpResponse.BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(200);
            send(server, "{'type':'publish','id':2,'room':'project:1','event':'message.send','data':{'text':'end'}}");
            self.expect("\"end\"");
            other.expect("\"end\"");
            assertThat(other.frames("event")).hasSize(3);
            assertThat(self.frames("event")).hasSize(1);
        }
    }

    @Test
    void aRepeatWithItsKeyPublishesOnceAlsoOverAnotherTransport() throws Exception {
        try (RealtimeServer server = start();
                TestClient socket = server.client()) {
            String session = socket.expect("welcome").replaceAll(".*\"session\":\"([^\"]+)\".*", "$1");
            String publish =
                    "{'type':'publish','id':1,'room':'project:1','event':'message.send','key':'k1','data':{'text':'hi'}}";
            String first =
                    send(server, publish, "X-Realtime-Session: " + session).body();
            assertThat(send(server, publish, "X-Realtime-Session: " + session).body())
                    .isEqualTo(first);
            socket.send("{\"type\":\"join\",\"id\":2,\"room\":\"project:1\"}");
            socket.expect("joined");
            socket.send(publish.replace('\'', '"'));
            assertThat(socket.expect("\"ack\"")).isEqualTo(first);
            assertThat(server.bean(HttpProjects.Projects.class).said).hasValue(1);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {'type':'publish','id':1,'room':'nowhere','event':'echo'}                  | 404 | not-found
            {'type':'publish','id':1,'room':'project:1','event':'nothing'}             | 404 | not-found
            {'type':'publish','id':1,'room':'project:secret','event':'echo'}           | 403 | forbidden
            {'type':'publish','id':1,'room':'project:1','event':'fail'}                | 500 | internal
            {'type':'publish','id':1,'room':'project:1','event':'message.send'}        | 422 | invalid-payload
            {'type':'publish','id':1,'room':'project:1','event':'a b'}                 | 400 | bad-request
            {'type':'publish','id':1,'room':'../etc','event':'echo'}                   | 400 | bad-request
            {'type':'publish','id':1,'room':'acme/room:project:1','event':'echo'}      | 400 | bad-request
            {'type':'publish','id':1,'room':'__proto__','event':'echo'}                | 400 | bad-request
            {'type':'publish','id':1,'room':7,'event':'echo'}                          | 400 | bad-request
            {'type':'join','id':1,'room':'project:1'}                                  | 400 | bad-request
            {'type':'publish','id':1,'id':2,'room':'project:1','event':'echo'}         | 400 | bad-request
            17                                                                         | 400 | bad-request
            {"type                                                                     | 400 | bad-request
            """)
    void aRefusedFrameIsAnsweredWithItsErrorAndTheStatusThatSaysTheSame(String frame, int status, String code)
            throws Exception {
        HttpResponse<String> answer = send(refusing, frame);
        assertThat(answer.statusCode()).isEqualTo(status);
        assertThat(answer.body())
                .startsWith("{\"type\":\"error\"")
                .contains("\"code\":\"" + code + "\"")
                .doesNotContain("secret detail", "Exception");
    }

    @Test
    void whatIsTooLargeOrNoJsonOrNoUtf8IsRefused() throws Exception {
        try (RealtimeServer server = start("realtime.websocket.max-frame-size=1KB")) {
            String large =
                    "{'type':'publish','id':1,'room':'project:1','event':'echo','data':'" + "x".repeat(2000) + "'}";
            HttpResponse<String> answer = send(server, large);
            assertThat(answer.statusCode()).isEqualTo(413);
            assertThat(answer.body()).contains("\"too-large\"");
            answer = send(server, "{}", "Content-Type: text/plain");
            assertThat(answer.statusCode()).isEqualTo(400);
            HttpRequest binary = HttpRequest.newBuilder(server.http("/realtime/send"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[] {(byte) 0xff, (byte) 0xfe}))
                    .build();
            answer = this.http.send(binary, HttpResponse.BodyHandlers.ofString());
            assertThat(answer.statusCode()).isEqualTo(400);
            HttpRequest chunked = HttpRequest.newBuilder(server.http("/realtime/send"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofInputStream(
                            () -> new java.io.ByteArrayInputStream(large.getBytes(StandardCharsets.UTF_8))))
                    .build();
            assertThat(this.http
                            .send(chunked, HttpResponse.BodyHandlers.ofString())
                            .statusCode())
                    .isEqualTo(413);
        }
    }

    @Test
    void aHandlerThatDoesNotEndIsATimeoutAndAFloodIsRateLimited() throws Exception {
        try (RealtimeServer server =
                start("realtime.handler.timeout=300ms", "realtime.inbound.rate=1", "realtime.inbound.burst=3")) {
            HttpResponse<String> answer = send(server, "{'type':'publish','id':1,'room':'project:1','event':'never'}");
            assertThat(answer.statusCode()).isEqualTo(504);
            assertThat(answer.body()).contains("\"timeout\"");
            for (int i = 0; i < 3; i++) {
                answer = send(server, "{'type':'publish','id':1,'room':'project:1','event':'echo','data':{}}");
            }
            assertThat(answer.statusCode()).isEqualTo(429);
            assertThat(answer.body()).contains("\"rate-limited\"", "\"retryAfter\":");
            assertThat(answer.headers().firstValue("Retry-After")).hasValue("1");
        }
    }

    /** Without a thread for each: as many as there are threads are waited for, and others are served. */
    @Test
    void slowBodiesHoldNoThreads() throws Exception {
        List<String> few = TestServer.current().fewThreads();
        try (RealtimeServer server = start(few.toArray(String[]::new))) {
            List<Socket> slow = new java.util.ArrayList<>();
            for (int i = 0; i < 10; i++) {
                Socket socket = new Socket("127.0.0.1", server.port);
                OutputStream out = socket.getOutputStream();
                out.write(
                        "POST /realtime/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 70\r\n\r\n{"
                                .getBytes(StandardCharsets.US_ASCII));
                out.flush();
                slow.add(socket);
            }
            await().atMost(PATIENCE).until(() -> server.sockets() >= 10);
            assertThat(send(server, "{'type':'publish','id':1,'room':'project:1','event':'echo','data':{}}")
                            .statusCode())
                    .isEqualTo(200);
            for (Socket socket : slow) {
                socket.close();
            }
            // Who goes away in the middle of a body is let go at once, not when its request has timed out.
            await().atMost(PATIENCE.dividedBy(2)).until(() -> server.sockets() <= 1);
        }
    }

    @Test
    void otherMethodsAreNotAllowed() throws Exception {
        try (RealtimeServer server = start()) {
            for (String path : List.of("/realtime/sse?room=a", "/realtime/poll?room=a")) {
                HttpRequest post = HttpRequest.newBuilder(server.http(path))
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build();
                assertThat(this.http
                                .send(post, HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(405);
            }
            HttpRequest get =
                    HttpRequest.newBuilder(server.http("/realtime/send")).build();
            assertThat(this.http.send(get, HttpResponse.BodyHandlers.ofString()).statusCode())
                    .isEqualTo(405);
        }
    }

    @Test
    void infoListsTheTransportsThatAreThere() throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder();
        try (RealtimeServer server = start()) {
            assertThat(this.http
                            .send(
                                    request.uri(server.http("/realtime/info")).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body())
                    .contains("\"transports\":[\"websocket\",\"sse\",\"poll\"]");
        }
        try (RealtimeServer server = start("realtime.transports.sse.enabled=false")) {
            assertThat(this.http
                            .send(
                                    request.uri(server.http("/realtime/info")).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body())
                    .contains("\"transports\":[\"websocket\",\"poll\"]");
        }
    }
}
