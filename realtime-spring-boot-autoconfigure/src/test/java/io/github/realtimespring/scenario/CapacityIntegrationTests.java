package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.ConnectionCapacity;
import java.time.Duration;
import org.junit.jupiter.api.Test;

@ServerTest
class CapacityIntegrationTests {

    @Test
    void aFullServerRefusesHandshakesWithAHintAndTakesThemAgain() throws Exception {
        try (RealtimeServer server = RealtimeServer.start("realtime.connections.max=2")) {
            try (TestClient one = server.client();
                    TestClient two = server.client()) {
                try (RawWebSocket third = server.raw()) {
                    assertThat(third.status()).isEqualTo(503);
                    assertThat(third.header("Retry-After")).matches("[1-9][0-9]*");
                }
                one.closeWith(1000);
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> server.connections().size() == 1);
                try (RawWebSocket third = server.raw()) {
                    assertThat(third.status()).isEqualTo(101);
                    assertThat(third.message()).contains("\"welcome\"");
                }
                assertThat(two.closed()).isFalse();
            }
        }
    }

    /** The server's own default: Tomcat has one, and it is below what is wanted. */
    @Test
    void aServerThatTakesFewerConnectionsThanTheLimitIsToldOf() {
        try (RealtimeServer server = RealtimeServer.start("realtime.connections.max=9000")) {
            ConnectionCapacity capacity = server.bean(ConnectionCapacity.class);
            boolean tomcat = TestServer.current() == TestServer.TOMCAT;
            assertThat(capacity.server()).isEqualTo(tomcat ? 8192 : 0);
            assertThat(capacity.warnings().stream().anyMatch(text -> text.contains("server.tomcat.max-connections")))
                    .isEqualTo(tomcat);
        }
    }

    @Test
    void compressionIsAgreedOnlyWhereItIsAskedForAndItsBombsAreCounted() throws Exception {
        try (RealtimeServer server = RealtimeServer.start("realtime.websocket.compression=true")) {
            try (RawWebSocket plain = server.raw()) {
                assertThat(plain.header("Sec-WebSocket-Extensions")).isNull();
                assertThat(plain.message()).contains("\"welcome\"");
            }
            try (RawWebSocket client = server.raw(
                    "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover")) {
                assertThat(client.status()).isEqualTo(101);
                assertThat(client.header("Sec-WebSocket-Extensions")).startsWith("permessage-deflate");
                RawWebSocket.Frame welcome = client.read();
                assertThat(welcome.first() & RawWebSocket.RSV1).isNotZero();
                assertThat(Deflate.inflate(welcome.payload())).startsWith("{\"type\":\"welcome\"");
                byte[] leave = Deflate.deflate("{\"type\":\"leave\",\"id\":7,\"room\":\"a\"}");
                client.frame(RawWebSocket.FIN | RawWebSocket.RSV1 | RawWebSocket.TEXT, leave);
                assertThat(Deflate.inflate(client.read().payload())).contains("\"id\":7");
                byte[] bomb = Deflate.deflate("x".repeat(16 << 20));
                assertThat(bomb).hasSizeLessThan(64 << 10);
                client.frame(RawWebSocket.FIN | RawWebSocket.RSV1 | RawWebSocket.TEXT, bomb);
                assertThat(client.closeCode()).isEqualTo(1009);
            }
        }
    }
}
