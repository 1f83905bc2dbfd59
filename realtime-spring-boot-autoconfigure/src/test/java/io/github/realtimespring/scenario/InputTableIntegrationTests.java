package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.registry.RoomRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.json.JsonMapper;

/** What clients can say wrong in words, on every way in (SPEC §15): names of rooms, queries and JSON. */
@ServerTest
class InputTableIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static RealtimeServer server;
    private static TestClient bystander;

    @BeforeAll
    static void start() {
        // A stream that its client has left is noticed by the next heartbeat.
        server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), "realtime.heartbeat.interval=500ms");
        bystander = server.client().answerHeartbeats();
        bystander.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:calm\"}");
        bystander.expect("\"joined\"");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @AfterEach
    void nothingIsLeftAndNobodyElseHasNoticed() throws Exception {
        await().atMost(PATIENCE).until(() -> server.connections().size() == 1);
        assertThat(server.bean(RoomRegistry.class).keyCount()).isEqualTo(1);
        assertThat(server.connections().inconsistencies()).isEmpty();
        long before = bystander.events();
        server.publish(RoutingKey.room("project:calm"), DeliveryClass.STANDARD, "{\"still\":true}");
        await().atMost(PATIENCE).until(() -> bystander.events() == before + 1);
        assertThat(bystander.closed()).isFalse();
    }

    /** How a client names a room. */
    enum Entry {
        JOIN,
        LEAVE,
        PUBLISH,
        SEND,
        SSE,
        POLL;

        /** What the server answers; a client over WebSocket can go on afterwards. */
        String ask(Name name) throws IOException {
            String data = ",\"event\":\"echo\",\"data\":{}";
            return switch (this) {
                case JOIN, LEAVE -> frame(name().toLowerCase(Locale.ROOT), name, "");
                case PUBLISH -> frame("publish", name, data);
                case SEND ->
                    problem(RawHttp.send(
                            server, "{\"type\":\"publish\",\"id\":7,\"room\":" + name.json() + data + "}"));
                case SSE -> problem(RawHttp.get(server, "/realtime/sse?room=" + name.query()));
                case POLL -> problem(RawHttp.get(server, "/realtime/poll?wait=0&room=" + name.query()));
            };
        }

        private static String frame(String type, Name name, String more) throws IOException {
            try (RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws")) {
                client.text("{\"type\":\"" + type + "\",\"id\":7,\"room\":" + name.json() + more + "}");
                String answer = client.answer(7);
                client.text("{\"type\":\"leave\",\"id\":8,\"room\":\"project:1\"}");
                assertThat(client.answer(8)).contains("\"left\"");
                return answer;
            }
        }

        private static String problem(RawHttp.Answer answer) {
            assertThat(answer.status()).isEqualTo(400);
            return answer.body();
        }

        boolean isJson() {
            return this != SSE && this != POLL;
        }
    }

    /** @param query {@code null} for what only JSON can say */
    record Name(String json, String query) {

        static Name of(String text) {
            return new Name(JSON.writeValueAsString(text), URLEncoder.encode(text, StandardCharsets.UTF_8));
        }
    }

    static List<Name> badNames() {
        List<Name> names = new ArrayList<>(Stream.of(
                        "",
                        " ",
                        "x".repeat(201),
                        "project:" + "é".repeat(193),
                        "project:a\u0000b",
                        "project:a\tb",
                        "project:a\nb",
                        "project:a\r\nid: x",
                        "project:a\u001b[31mb",
                        "project:\u007f",
                        "project:\u0085",
                        "project:*",
                        "project:a?b",
                        "project:a[bc]",
                        "project:{1}",
                        "project:#",
                        "project:a\\b",
                        "../project:1",
                        "project:../1",
                        "project:1/..",
                        "__proto__",
                        "project:__proto__",
                        "acme/room:project:1",
                        "acme/project:1",
                        "project:a\u0308",
                        "project:\u202e1",
                        "project:\u2066a\u2069",
                        "project:a\u200bb",
                        "project:a\u2028b",
                        "project:\ufeffa",
                        "project:<b>",
                        "project:'\"")
                .map(Name::of)
                .toList());
        names.add(new Name("\"project:\\ud800\"", "project:%ED%A0%80"));
        names.add(new Name("\"project:\\udc00\\ud800\"", "project:%C0%AF"));
        for (String json : List.of("7", "null", "true", "[\"project:1\"]", "{\"id\":\"project:1\"}")) {
            names.add(new Name(json, null));
        }
        return names;
    }

    @ParameterizedTest
    @EnumSource
    void aNameThatIsNoneIsRefusedAndNeverRegistered(Entry entry) throws Exception {
        for (Name name : badNames()) {
            if (entry.isJson() || name.query() != null) {
                assertThat(entry.ask(name))
                        .as("%s %s", entry, name.json())
                        .contains("\"code\":\"bad-request\"")
                        .doesNotContain("Exception", "io.github", "\u202e", "<b>", "\u001b", "acme");
            }
        }
    }

    static List<String> badJson() {
        String publish = "{\"type\":\"publish\",\"id\":7,\"room\":\"project:1\",\"event\":\"echo\",\"data\":";
        return List.of(
                "",
                " ",
                "null",
                "7",
                "true",
                "\"publish\"",
                "[]",
                "{",
                "{}",
                "{\"type\":\"publish\"",
                "{'type':'publish'}",
                "{\"type\":\"publish\",}",
                "{\"type\":\"publish\"} x",
                "{\"type\":\"publish\"}{\"type\":\"publish\"}",
                "{\"type\":\"nothing\",\"id\":7}",
                "{\"type\":\"welcome\",\"id\":7}",
                "{\"type\":7,\"id\":7}",
                "{\"type\":\"publish\",\"id\":7,\"type\":\"publish\"}",
                publish + "{\"a\":1,\"a\":2}}",
                publish + "[".repeat(65) + "]".repeat(65) + "}",
                publish + "[".repeat(30_000) + "]".repeat(30_000) + "}",
                publish + "{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000) + "}",
                "[".repeat(60_000),
                publish + "1e999999999}",
                publish + "-1e-999999999}",
                publish + "9".repeat(60_000) + "}",
                publish + "0." + "1".repeat(60_000) + "}",
                publish + "NaN}",
                publish + "01}",
                publish + "\"\\u12\"}",
                publish + "\"a\tb\"}",
                "{\"type\":\"publish\",\"id\":" + "9".repeat(60_000) + "}",
                "{\"type\":\"publish\",\"id\":1e400}",
                "{\"type\":\"publish\",\"id\":-1,\"room\":\"project:1\",\"event\":\"echo\"}",
                "{\"" + "x".repeat(2_000) + "\":1}",
                "\ufeff" + publish + "1}",
                publish.replace("\"echo\"", "\"a b\"") + "1}",
                publish.replace("\"echo\"", "\"a\\nb\"") + "1}",
                publish.replace("\"echo\"", "\"\"") + "1}",
                publish.replace("\"echo\"", "[\"echo\"]") + "1}",
                publish.replace("\"id\":7", "\"id\":7,\"key\":5") + "1}");
    }

    @Test
    void whatIsNoFrameIsOneErrorOverAWebSocketAndTheConnectionGoesOn() throws Exception {
        try (RawWebSocket client = server.raw()) {
            assertThat(client.message()).contains("\"welcome\"");
            client.text("{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}");
            client.answer(1);
            long id = 100;
            for (String frame : badJson()) {
                client.text(frame);
                client.text("{\"type\":\"leave\",\"id\":" + ++id + ",\"room\":\"project:2\"}");
                List<String> answers = new ArrayList<>();
                while (answers.stream().noneMatch(answer -> answer.contains("\"left\""))) {
                    answers.addAll(List.of(client.message().split("\n")));
                    answers.remove("{\"type\":\"ping\"}");
                }
                assertThat(answers).as(shortened(frame)).hasSize(2);
                assertThat(answers.get(0))
                        .as(shortened(frame))
                        .startsWith("{\"type\":\"error\"")
                        .contains("\"code\":\"bad-request\"")
                        .hasSizeLessThan(300)
                        .doesNotContain("Exception", "jackson", "java", "io.github");
            }
        }
    }

    @Test
    void whatIsNoFrameIsRefusedAsABodyToo() throws Exception {
        for (String frame : badJson()) {
            RawHttp.Answer answer = RawHttp.send(server, frame);
            assertThat(answer.status()).as(shortened(frame)).isEqualTo(400);
            assertThat(answer.body())
                    .as(shortened(frame))
                    .startsWith("{\"type\":\"error\"")
                    .contains("\"code\":\"bad-request\"")
                    .hasSizeLessThan(300)
                    .doesNotContain("Exception", "jackson", "java", "io.github");
        }
    }

    private static String shortened(String frame) {
        return frame.length() > 100 ? frame.substring(0, 100) + "…" + frame.length() : frame;
    }

    /** What would inflate to more than a frame may have is not inflated. */
    @Test
    void aCompressedBodyIsNoJson() throws Exception {
        ByteArrayOutputStream bomb = new ByteArrayOutputStream();
        try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
            gzip.write(("{\"type\":\"publish\",\"data\":\"" + "x".repeat(16 << 20) + "\"}")
                    .getBytes(StandardCharsets.US_ASCII));
        }
        assertThat(bomb.size()).isLessThan(64 << 10);
        try (RawHttp client = RawHttp.open(server)) {
            client.write(RawHttp.request(
                            "POST", "/realtime/send", "Content-Type: application/json", "Content-Encoding: gzip")
                    + "Content-Length: " + bomb.size() + "\r\n\r\n");
            client.write(bomb.toByteArray());
            assertThat(client.read().status()).isEqualTo(400);
        }
    }

    /** Tomcat closes the connection; the others answer before they do. */
    @Test
    void aBodyWhoseChunksAreNoneIsRefusedAndNoNewsForAnOperator() throws Exception {
        try (ErrorLog errors = ErrorLog.listen()) {
            for (int i = 0; i < 50; i++) {
                for (String chunks : List.of(
                        "2\r\n{}\r\nno size\r\n",
                        "no size\r\n",
                        "10ent-Type: application/json\r\nContent-Length: 84\r\n\r\n",
                        "2{\r\n{}\r\n0\r\n\r\n",
                        "2\r\n{}no end\r\n",
                        "ffffffffffffffffff\r\n{}",
                        "-1\r\n{}")) {
                    try (RawHttp client = RawHttp.open(server)) {
                        client.write(RawHttp.request(
                                        "POST",
                                        "/realtime/send",
                                        "Content-Type: application/json",
                                        "Transfer-Encoding: chunked")
                                + "\r\n" + chunks);
                        if (TestServer.current() == TestServer.TOMCAT) {
                            assertThat(client.readByte()).as(chunks).isEqualTo(-1);
                        } else {
                            assertThat(client.status()).as(chunks).isEqualTo(400);
                        }
                    }
                }
            }
            assertThat(errors.lines()).isEmpty();
        }
    }

    static List<String> badQueries() {
        return List.of(
                "",
                "?",
                "?x=1",
                "?room",
                "?room=",
                "?room=project:1&room=project:1",
                "?room=" + String.join("&room=", numbered(9)),
                "?room=project:%",
                "?room=project:%4",
                "?room=project:%zz",
                "?room=project:%ff",
                "?room=project:%c3%28",
                "?room=%00",
                "?room=project:1%0d%0aSet-Cookie:%20a=b");
    }

    private static List<String> numbered(int rooms) {
        return Stream.iterate(1, n -> n + 1)
                .limit(rooms)
                .map(n -> "project:" + n)
                .toList();
    }

    @ParameterizedTest
    @MethodSource("badQueries")
    void aQueryThatIsNoneIsRefused(String query) throws Exception {
        for (String path : List.of("/realtime/sse", "/realtime/poll")) {
            RawHttp.Answer answer = RawHttp.get(server, path + query);
            assertThat(answer.status()).as(path + query).isEqualTo(400);
            assertThat(answer.header("Set-Cookie")).as(path + query).isNull();
            assertThat(answer.body()).as(path + query).doesNotContain("Exception", "io.github");
        }
    }

    /** Positions that nobody was given here: never gone on from, and never a part of what was missed. */
    private static List<String> badCursors(String own, String others) {
        String epoch = own.substring(0, own.indexOf('.'));
        return List.of(
                others,
                epoch + ".999999999",
                epoch + ".999999999999999999",
                epoch + ".99999999999999999999999999",
                epoch + ".-1",
                epoch + ".01",
                epoch + ".1e3",
                epoch + ".",
                epoch,
                ".",
                "abcd.1",
                "lost.0",
                "x".repeat(3_000),
                "__proto__",
                "../" + own,
                "*",
                own + "\u0000",
                own + "\r\nid: 1",
                own + "\u2028",
                "\ud83d\ude00.1");
    }

    @Test
    void aPositionThatWasNotGivenForThisRoomIsNotGoneOnFrom() throws Exception {
        String own = position("project:11");
        String others = position("project:12");
        for (int i = 0; i < 3; i++) {
            server.publish(RoutingKey.room("project:11"), DeliveryClass.RECOVERABLE, "{\"n\":" + i + "}")
                    .receipt()
                    .toCompletableFuture()
                    .get(10, TimeUnit.SECONDS);
        }
        for (String cursor : badCursors(own, others)) {
            String query = URLEncoder.encode(cursor, StandardCharsets.UTF_8);
            assertThat(joined(cursor))
                    .as("join since %s", cursor)
                    .satisfiesAnyOf(
                            answer -> assertThat(answer)
                                    .contains("\"recovered\":false")
                                    .doesNotContain("{\"n\":"),
                            answer -> assertThat(answer).contains("\"code\":\"bad-request\""));
            try (SseClient stream =
                    SseClient.open(server.http("/realtime/sse?room=project:11&last-event-id=" + query))) {
                assertThat(stream.expect("\"joined\""))
                        .as("stream from %s", cursor)
                        .contains("\"recovered\":false");
                assertThat(stream.expect("\"gap\"")).contains("\"history\"");
                assertThat(stream.frames("event")).as("stream from %s", cursor).isEmpty();
            }
            assertThat(RawHttp.get(server, "/realtime/poll?wait=0&room=project:11&cursor=" + query)
                            .status())
                    .as("poll from %s", cursor)
                    .isIn(400, 409, 410);
        }
        for (String json : List.of("7", "null", "true", "[]", "{\"epoch\":\"abcd\"}")) {
            assertThat(answered("{\"type\":\"join\",\"id\":7,\"room\":\"project:11\",\"since\":" + json + "}"))
                    .as("since %s", json)
                    .contains("\"code\":\"bad-request\"");
        }
    }

    private static String position(String room) throws IOException {
        return TransportClient.cursor(answered("{\"type\":\"join\",\"id\":7,\"room\":\"" + room + "\"}"));
    }

    private static String joined(String since) throws IOException {
        return answered("{\"type\":\"join\",\"id\":7,\"room\":\"project:11\",\"since\":"
                + JSON.writeValueAsString(since) + "}");
    }

    private static String answered(String frame) throws IOException {
        try (RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws")) {
            client.text(frame);
            return client.answer(7);
        }
    }
}
