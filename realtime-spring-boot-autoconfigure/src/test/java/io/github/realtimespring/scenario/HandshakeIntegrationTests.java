package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.TenantResolver;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

@ServerTest
class HandshakeIntegrationTests {

    private static RealtimeServer server;

    @BeforeAll
    static void start() {
        server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, Pages.class, Tenants.class),
                "realtime.websocket.allowed-origins=https://app.example.com");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void theVersionThatAClientOffersIsAgreed() throws Exception {
        try (RawWebSocket client = server.raw("Sec-WebSocket-Protocol: other.v9, realtime.v1.json")) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.header("Sec-WebSocket-Protocol")).isEqualTo("realtime.v1.json");
            assertThat(client.message()).startsWith("{\"type\":\"welcome\"");
        }
        try (TestClient client = server.client("Sec-WebSocket-Protocol: realtime.v1.json")) {
            assertThat(client.subprotocol()).isEqualTo("realtime.v1.json");
        }
    }

    @Test
    void aClientThatOffersNothingSpeaksVersionOne() throws Exception {
        try (RawWebSocket client = server.raw()) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.header("Sec-WebSocket-Protocol")).isNull();
            assertThat(client.message()).contains("\"protocol\":1");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"realtime.v2.json", "a, b", "realtime.bearer.YQ", ""})
    void offersWithoutAKnownVersionAreRefused(String offers) throws Exception {
        try (RawWebSocket client = server.raw("Sec-WebSocket-Protocol: " + offers)) {
            assertThat(client.status()).isEqualTo(400);
        }
    }

    @Test
    void anOfferOfCompressionIsNotAnswered() throws Exception {
        try (RawWebSocket client = server.raw("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.header("Sec-WebSocket-Extensions")).isNull();
            assertThat(client.read().first()).isEqualTo(RawWebSocket.FIN | RawWebSocket.TEXT);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://evil.com", "null", "https://app.example.com.evil.com", "http://localhost"})
    void aForeignPageIsRefused(String origin) throws Exception {
        int before = server.connections().size();
        try (RawWebSocket client = server.raw("Origin: " + origin)) {
            assertThat(client.status()).isEqualTo(403);
        }
        assertThat(server.connections().size()).isLessThanOrEqualTo(before);
    }

    @Test
    void pagesOfTheOwnAndOfListedOriginsConnect() throws Exception {
        for (String origin : List.of("http://localhost:" + server.port, "https://app.example.com")) {
            try (RawWebSocket client = server.raw("Origin: " + origin)) {
                assertThat(client.status()).as(origin).isEqualTo(101);
            }
        }
    }

    @Test
    void aCrossSiteRequestWithoutOriginIsRefused() throws Exception {
        try (RawWebSocket client = server.raw("Sec-Fetch-Site: cross-site")) {
            assertThat(client.status()).isEqualTo(403);
        }
        try (RawWebSocket client = server.raw("Sec-Fetch-Site: same-origin")) {
            assertThat(client.status()).isEqualTo(101);
        }
    }

    @Test
    void anOrdinaryRequestIsToldToUpgrade() throws Exception {
        HttpResponse<String> get = send(HttpRequest.newBuilder(server.http("/realtime/ws")));
        assertThat(get.statusCode()).isEqualTo(426);
        assertThat(get.headers().firstValue("Upgrade")).hasValue("websocket");
        HttpResponse<String> post = send(
                HttpRequest.newBuilder(server.http("/realtime/ws")).POST(HttpRequest.BodyPublishers.ofString("{}")));
        assertThat(post.statusCode()).isEqualTo(405);
        assertThat(post.headers().firstValue("Allow")).hasValue("GET");
    }

    @Test
    void aHandshakeThatIsNoneIsTheClientsFault() throws Exception {
        String key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        String version = "Sec-WebSocket-Version: 13";
        String upgrade = "Upgrade: websocket";
        String connection = "Connection: keep-alive, Upgrade";
        try (ErrorLog errors = ErrorLog.listen()) {
            assertThat(handshake("1.1", upgrade, connection, key)).isEqualTo(426);
            assertThat(handshake("1.1", upgrade, connection, key, "Sec-WebSocket-Version: 8"))
                    .isEqualTo(426);
            assertThat(handshake("1.1", upgrade, connection, version)).isEqualTo(400);
            assertThat(handshake("1.1", upgrade, connection, version, "Sec-WebSocket-Key: "))
                    .isEqualTo(400);
            assertThat(handshake("1.1", upgrade, version, key)).isEqualTo(400);
            assertThat(handshake("1.1", upgrade, "Connection: close", version, key))
                    .isEqualTo(400);
            // Reactor Netty does not mind.
            assertThat(handshake("1.0", upgrade, connection, version, key))
                    .isEqualTo(TestServer.current() == TestServer.NETTY ? 101 : 400);
            assertThat(handshake("1.1", upgrade, connection, version, key)).isEqualTo(101);
            assertThat(errors.lines()).isEmpty();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
    }

    private static int handshake(String http, String... headers) throws Exception {
        try (RawHttp client = RawHttp.open(server)) {
            client.write(RawHttp.request("GET", "/realtime/ws", headers).replace("HTTP/1.1", "HTTP/" + http) + "\r\n");
            return client.status();
        }
    }

    @Test
    void aHandshakeThatTheContainerRefusesLeavesNothingBehind() throws Exception {
        try (RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", "Sec-WebSocket-Key: short")) {
            // Two keys: the container takes the first one.
            assertThat(client.status()).isIn(101, 400);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
    }

    @Test
    void aTokenIsNeitherEchoedNorAcceptedWhereNobodyChecksTokens() throws Exception {
        String token =
                Base64.getUrlEncoder().withoutPadding().encodeToString("secret".getBytes(StandardCharsets.UTF_8));
        try (RawWebSocket client = server.raw("Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer." + token)) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.headers()).noneMatch(header -> header.contains("bearer"));
            assertThat(client.closeCode()).isEqualTo(4401);
        }
    }

    @Test
    void theTenantIsDecidedAtTheHandshakeAndTheIdentityCompleted() throws Exception {
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
        try (RawWebSocket client =
                server.raw("X-Tenant: acme", "X-Device: phone", "Sec-WebSocket-Protocol: realtime.v1.json")) {
            client.message();
            Identity identity = server.connection().identity();
            assertThat(identity.tenant()).isEqualTo("acme");
            assertThat(identity.device()).isEqualTo("phone");
            assertThat(identity.claims()).containsEntry("protocolHeader", false);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "a/b", "boom"})
    void aHandshakeWithoutAUsableTenantIsRefused(String tenant) throws Exception {
        try (RawWebSocket client = server.raw("X-Tenant: " + tenant)) {
            assertThat(client.status()).isBetween(400, 403);
        }
    }

    @Test
    void controllersWithWidePatternsDoNotCatchTheHandshake() throws Exception {
        assertThat(send(HttpRequest.newBuilder(server.http("/some/page"))).body())
                .isEqualTo("some page");
        try (RawWebSocket client = server.raw()) {
            assertThat(client.status()).isEqualTo(101);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1000, 3000, 4504, 4999})
    void aClientsCloseIsEchoed(int code) throws Exception {
        try (TestClient client = server.client()) {
            client.closeWith(code);
            assertThat(client.closeCode()).isEqualTo(code);
        }
        try (RawWebSocket client = server.raw()) {
            client.message();
            client.frame(RawWebSocket.FIN | RawWebSocket.CLOSE, RawWebSocket.closePayload(code));
            assertThat(client.closeCode()).isEqualTo(code);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1012, 1013, 4401, 4403, 4409, 4500})
    void theServersCloseCodeReachesTheClient(int code) throws Exception {
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
        try (TestClient client = server.client()) {
            server.connection().close(new CloseReason(code, "test", true));
            assertThat(client.closeCode()).isEqualTo(code);
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
        try (TestClient client = server.client()) {
            server.connection().close(new CloseReason(code, "test", false));
            assertThat(client.closeCode()).isEqualTo(code);
        }
    }

    @Test
    void messagesOfTheWholeFrameSizeComeThroughSmallBuffers() throws Exception {
        String room = "x".repeat(180);
        String padding = "é".repeat((64 * 1024 - 300) / 2);
        try (TestClient client = server.client()) {
            client.send("{\"type\":\"leave\",\"id\":1,\"room\":\"" + room + "\",\"unknown\":\"" + padding + "\"}");
            assertThat(client.expect("\"id\":1")).contains("\"left\"");
            client.send("{\"type\":\"leave\",\"id\":2,\"room\":\"" + room + "\"}");
            client.expect("\"id\":2");
        }
    }

    @Test
    void aPeerThatVanishesIsForgotten() throws Exception {
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
        RawWebSocket client = server.raw();
        client.message();
        Connection connection = server.connection();
        client.close();
        await().atMost(Duration.ofSeconds(30)).until(() -> server.connections().size() == 0);
        assertThat(connection.closeReason()).isNotNull();
        assertThat(connection.closeReason().code()).isEqualTo(1006);
    }

    @Test
    void theClientScriptIsServedAndKeptByBrowsers() throws Exception {
        HttpResponse<String> script = send(HttpRequest.newBuilder(server.http("/realtime/client/realtime.js")));
        assertThat(script.statusCode()).isEqualTo(200);
        assertThat(script.headers().firstValue("Content-Type")).hasValue("text/javascript;charset=UTF-8");
        assertThat(script.headers().firstValue("Cache-Control")).hasValue("no-cache");
        assertThat(script.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
        try (InputStream file = getClass().getResourceAsStream("/META-INF/realtime/client/realtime.js")) {
            assertThat(script.body()).isEqualTo(new String(file.readAllBytes(), StandardCharsets.UTF_8));
        }
        String etag = script.headers().firstValue("ETag").orElseThrow();
        HttpResponse<String> again = send(HttpRequest.newBuilder(server.http("/realtime/client/realtime.js"))
                .header("If-None-Match", etag));
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
        HttpResponse<String> head = send(HttpRequest.newBuilder(server.http("/realtime/client/realtime.js"))
                .method("HEAD", HttpRequest.BodyPublishers.noBody()));
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.headers().firstValue("ETag")).hasValue(etag);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/realtime/client/",
                "/realtime/client/other.js",
                "/realtime/client/realtime.d.ts",
                "/realtime/client/..%2f..%2frealtime.js"
            })
    void noOtherFileIsServed(String path) throws Exception {
        assertThat(send(HttpRequest.newBuilder(server.http(path))).statusCode()).isIn(400, 404);
    }

    @Test
    void theLimitsAreTold() throws Exception {
        HttpResponse<String> info = send(HttpRequest.newBuilder(server.http("/realtime/info")));
        assertThat(info.statusCode()).isEqualTo(200);
        assertThat(info.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(info.body())
                .isEqualTo("{\"versions\":[1],\"transports\":[\"websocket\",\"sse\",\"poll\"],"
                        + "\"limits\":{\"frameBytes\":65536,\"rooms\":100,\"framesPerSecond\":10000},"
                        + "\"heartbeat\":{\"interval\":25000,\"timeout\":10000}}");
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @RestController
    static class Pages {

        @GetMapping("/{part}/{page}")
        String page(@PathVariable String part, @PathVariable String page) {
            return part + " " + page;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Tenants {

        @Bean
        TenantResolver tenants() {
            return request -> {
                String tenant = request.header("x-tenant");
                if ("none".equals(tenant)) {
                    throw new RealtimeException(ErrorCode.FORBIDDEN, "no such tenant");
                }
                if ("boom".equals(tenant)) {
                    throw new IllegalStateException("the directory is away");
                }
                return tenant;
            };
        }

        @Bean
        IdentityCustomizer devices() {
            return (identity, request) -> new Identity(
                    "mallory",
                    "other",
                    request.header("X-Device"),
                    Map.of("protocolHeader", request.header("Sec-WebSocket-Protocol") != null));
        }
    }
}
