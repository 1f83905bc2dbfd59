package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.scenario.Deflate;
import io.github.realtimespring.scenario.RawWebSocket;
import io.github.realtimespring.scenario.RealtimeServer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Tomcat's sockets are written to directly, and the container's own frames stay out of the messages. */
class TomcatSocketIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("busy");

    @Test
    void anOrdinarySessionIsWrittenToDirectly() throws Exception {
        try (RealtimeServer server = RealtimeServer.start();
                RawWebSocket client = server.raw()) {
            assertThat(client.message()).startsWith("{\"type\":\"welcome\"");
            assertThat(isDirect(server)).isTrue();
        }
    }

    @Test
    void aCompressedSessionIsLeftToTheContainer() throws Exception {
        try (RealtimeServer server = RealtimeServer.start("realtime.websocket.compression=true")) {
            try (RawWebSocket client = server.raw("Sec-WebSocket-Extensions: permessage-deflate")) {
                assertThat(Deflate.inflate(client.read().payload())).startsWith("{\"type\":\"welcome\"");
                assertThat(isDirect(server)).isFalse();
            }
            await().until(() -> server.connections().size() == 0);
            try (RawWebSocket client = server.raw()) {
                assertThat(client.message()).startsWith("{\"type\":\"welcome\"");
                assertThat(isDirect(server)).isTrue();
            }
        }
    }

    private static boolean isDirect(RealtimeServer server) {
        return ((WebSocketTransport) server.connection().transport()).isDirect();
    }

    /**
     * A peer that reads now and then, and pings while messages of up to 60 KB wait in the socket: each message arrives whole
     * and in order, with the pongs between them.
     */
    @Test
    void pongsComeBetweenMessagesThatTheKernelDidNotTakeAtOnce() throws Exception {
        int events = 200;
        try (RealtimeServer server =
                        RealtimeServer.start("realtime.queue.max-bytes=64MB", "realtime.queue.max-messages=10000");
                RawWebSocket client = RawWebSocket.open(server.port, "/realtime/ws", 4096)) {
            client.message();
            await().until(() -> server.connections().size() == 1);
            server.joinAll(ROOM);
            for (int i = 0; i < events; i++) {
                String json = "\"" + i + ":" + "x".repeat(300 * i) + "\"";
                server.publish(ROOM, DeliveryClass.CRITICAL, json);
                if (i % 10 == 0) {
                    client.frame(RawWebSocket.FIN | RawWebSocket.PING, new byte[] {(byte) (i / 10)});
                }
            }
            int next = 0;
            int pongs = 0;
            while (next < events || pongs < events / 10) {
                RawWebSocket.Frame frame = client.read();
                assertThat(frame.first() & RawWebSocket.FIN).isNotZero();
                if ((frame.first() & 0xF) == 10) {
                    assertThat(frame.payload()).containsExactly(pongs++);
                    continue;
                }
                for (String line : new String(frame.payload(), StandardCharsets.UTF_8).split("\n")) {
                    assertThat(line)
                            .contains("\"data\":\"" + next + ":" + "x".repeat(300 * next) + "\"")
                            .endsWith("}");
                    next++;
                }
            }
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> server.connection().queue().bytes() == 0);
            assertThat(Arrays.asList(next, pongs)).containsExactly(events, events / 10);
        }
    }
}
