package io.github.realtimespring.scenario;

import static io.github.realtimespring.scenario.RawWebSocket.BINARY;
import static io.github.realtimespring.scenario.RawWebSocket.CLOSE;
import static io.github.realtimespring.scenario.RawWebSocket.CONTINUATION;
import static io.github.realtimespring.scenario.RawWebSocket.FIN;
import static io.github.realtimespring.scenario.RawWebSocket.PING;
import static io.github.realtimespring.scenario.RawWebSocket.RSV1;
import static io.github.realtimespring.scenario.RawWebSocket.TEXT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a client can do wrong below JSON has the close codes of SPEC §15 and touches nobody else. */
@ServerTest
class MalformedFramesIntegrationTests {

    private static RealtimeServer server;
    private static TestClient bystander;

    interface Bytes {
        void sendTo(RawWebSocket client) throws IOException;
    }

    @BeforeAll
    static void start() {
        server = RealtimeServer.start();
        bystander = server.client().answerHeartbeats();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    static Stream<Arguments> violations() {
        byte[] badUtf8 = {'{', (byte) 0xc3, 0x28, '}'};
        byte[] halfCharacter = {'"', (byte) 0xe2, (byte) 0x82};
        byte[] large = filled(64 * 1024 + 1);
        // Jetty calls every length beyond 2 GB too large, also the one that cannot be.
        int negativeLength = TestServer.current() == TestServer.JETTY ? 1009 : 1002;
        return Stream.of(
                violation("a reserved bit", 1002, client -> client.frame(FIN | RSV1 | TEXT, ascii("{}"))),
                violation("all reserved bits", 1002, client -> client.frame(FIN | 0x70 | TEXT, ascii("{}"))),
                violation("a reserved data opcode", 1002, client -> client.frame(FIN | 3, ascii("{}"))),
                violation("a reserved control opcode", 1002, client -> client.frame(FIN | 11, ascii(""))),
                violation("an unmasked frame", 1002, client -> client.frame(FIN | TEXT, false, 2, ascii("{}"))),
                violation("a fragmented ping", 1002, client -> client.frame(PING, ascii("x"))),
                violation("a fragmented close", 1002, client -> client.frame(CLOSE, RawWebSocket.closePayload(1000))),
                violation("a ping of 126 bytes", 1002, client -> client.frame(FIN | PING, filled(126))),
                violation("a stray continuation", 1002, client -> client.frame(FIN | CONTINUATION, ascii("{}"))),
                violation("a message inside a message", 1002, client -> {
                    client.frame(TEXT, ascii("{"));
                    client.frame(FIN | TEXT, ascii("}"));
                }),
                violation(
                        "a length with its highest bit set",
                        negativeLength,
                        client -> client.write(
                                new byte[] {(byte) 0x81, (byte) 0xff, (byte) 0x80, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4})),
                violation("a close of one byte", 1002, client -> client.frame(FIN | CLOSE, new byte[] {3})),
                violation("bad UTF-8", 1007, client -> client.frame(FIN | TEXT, badUtf8)),
                violation("half a character at the end", 1007, client -> client.frame(FIN | TEXT, halfCharacter)),
                violation("bad UTF-8 over two fragments", 1007, client -> {
                    client.frame(TEXT, Arrays.copyOf(badUtf8, 2));
                    client.frame(FIN | CONTINUATION, Arrays.copyOfRange(badUtf8, 2, 4));
                }),
                violation("a whole message over the limit", 1009, client -> client.frame(FIN | TEXT, large)),
                violation("a huge declared length", 1009, client -> {
                    client.frame(FIN | TEXT, true, 1L << 40, filled(80 * 1024));
                }),
                violation("fragments over the limit", 1009, client -> {
                    client.frame(TEXT, filled(1024));
                    for (int i = 0; i < 64; i++) {
                        client.frame(CONTINUATION, filled(1024));
                    }
                }),
                violation("a short binary message", 1003, client -> client.frame(FIN | BINARY, ascii("{}"))),
                violation("a long binary message", 1003, client -> client.frame(FIN | BINARY, filled(20_000))),
                violation("the first part of a binary message", 1003, client -> client.frame(BINARY, filled(10))));
    }

    private static Arguments violation(String name, int code, Bytes bytes) {
        return Arguments.of(name, code, bytes);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("violations")
    void aViolationIsAnsweredByItsCloseCode(String name, int code, Bytes bytes) throws Exception {
        try (RawWebSocket client = server.raw()) {
            assertThat(client.message()).contains("\"welcome\"");
            bytes.sendTo(client);
            assertThat(client.closeCode()).isEqualTo(code);
        }
    }

    /**
     * Nothing is reserved for what was only announced. Tomcat and Jetty wait for the rest of a frame that they could pass on
     * in parts; Reactor Netty, which passes on whole frames, says at once that this one is too big.
     */
    @Test
    void aLargeDeclaredLengthCostsNoMemoryBeforeTheBytesCome() throws Exception {
        long declared = TestServer.current() == TestServer.JETTY ? Integer.MAX_VALUE : Long.MAX_VALUE;
        List<RawWebSocket> clients = new ArrayList<>();
        try {
            for (int i = 0; i < 20; i++) {
                RawWebSocket client = server.raw();
                clients.add(client);
                client.message();
                // One write: what comes after an answer might not be taken any more.
                client.frame(FIN | TEXT, true, declared, ascii("{\"type\":"));
            }
            if (TestServer.current() == TestServer.NETTY) {
                for (RawWebSocket client : clients) {
                    assertThat(client.closeCode()).isEqualTo(1009);
                }
            } else {
                for (RawWebSocket client : clients) {
                    client.write(new byte[10]);
                    assertThatThrownBy(client.timeout(20)::read).isInstanceOf(SocketTimeoutException.class);
                }
            }
            assertThat(bystander.closed()).isFalse();
        } finally {
            for (RawWebSocket client : clients) {
                client.close();
            }
        }
    }

    @Test
    void othersDoNotNoticeAndNothingIsLeft() {
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(server.connection().isOpen()).isTrue());
        bystander.send("{\"type\":\"pong\"}");
        assertThat(bystander.closed()).isFalse();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] filled(int size) {
        byte[] bytes = new byte[size];
        Arrays.fill(bytes, (byte) 'x');
        return bytes;
    }
}
