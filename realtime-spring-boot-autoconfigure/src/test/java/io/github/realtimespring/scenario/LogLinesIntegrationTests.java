package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import tools.jackson.databind.json.JsonMapper;

/** Whatever clients call themselves and their rooms: a line of the log is a line of ours (SPEC §15). */
@ServerTest
@ExtendWith(OutputCaptureExtension.class)
class LogLinesIntegrationTests {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String HOSTILE = "x\r\nFORGED a line\u001b[31m\u2028FORGED another\u0085\u202e";

    @Test
    void nothingThatAClientSaysBreaksALineOrColoursIt(CapturedOutput output) throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                "logging.level.io.github.realtimespring=trace")) {
            String json = JSON.writeValueAsString(HOSTILE);
            String query = URLEncoder.encode(HOSTILE, StandardCharsets.UTF_8);
            List<String> frames = List.of(
                    "{\"type\":\"join\",\"id\":1,\"room\":" + json + "}",
                    "{\"type\":\"join\",\"id\":1,\"room\":\"project:1\",\"since\":" + json + "}",
                    "{\"type\":\"publish\",\"id\":1,\"room\":" + json + ",\"event\":\"echo\"}",
                    "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":" + json + "}",
                    "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"message.send\",\"key\":" + json
                            + ",\"data\":{\"text\":" + json + "}}",
                    "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"message.send\",\"data\":" + json
                            + "}",
                    "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"fail\",\"data\":" + json + "}",
                    "{\"type\":\"auth\",\"id\":1,\"token\":" + json + "}",
                    "{\"type\":\"hello\",\"session\":" + json + "}",
                    "{\"type\":\"presence\",\"room\":" + json + ",\"state\":" + json + "}",
                    "{\"type\":" + json + ",\"id\":1}",
                    "{" + json + ":1}",
                    HOSTILE);
            try (RawWebSocket client = server.raw("X-Realtime-Session: \u00e9FORGED")) {
                assertThat(client.status()).isEqualTo(101);
                for (String frame : frames) {
                    client.text(frame);
                }
                client.text("{\"type\":\"leave\",\"id\":2,\"room\":\"project:1\"}");
                client.answer(2);
                byte[] text = HOSTILE.getBytes(StandardCharsets.UTF_8);
                byte[] reason = new byte[text.length + 2];
                System.arraycopy(RawWebSocket.closePayload(1000), 0, reason, 0, 2);
                System.arraycopy(text, 0, reason, 2, text.length);
                client.frame(RawWebSocket.FIN | RawWebSocket.CLOSE, reason);
                client.closeCode();
            }
            for (String frame : frames) {
                RawHttp.send(server, frame, "X-Realtime-Session: \u00e9FORGED", "X-Realtime-Connection: \u00e9FORGED");
            }
            for (String path : List.of(
                    "/realtime/sse?room=" + query,
                    "/realtime/sse?room=project:1&last-event-id=" + query,
                    "/realtime/poll?wait=0&room=" + query,
                    "/realtime/poll?wait=0&room=project:1&cursor=" + query,
                    "/realtime/poll?room=project:1&wait=" + query)) {
                RawHttp.get(server, path, "User-Agent: \u00e9FORGED");
                RawHttp.get(server, path, "Last-Event-ID: \u00c2\u0085FORGED");
            }
            server.publish(RoutingKey.room("project:1"), DeliveryClass.STANDARD, JSON.writeValueAsString(HOSTILE))
                    .receipt()
                    .toCompletableFuture()
                    .get();
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(output.getAll()).contains("room=project:1 members="));
            assertThat(output.getAll()).doesNotContain("\u001b", "\u2028", "\u0085", "\u202e");
            assertThat(Pattern.compile("^FORGED", Pattern.MULTILINE)
                            .matcher(output.getAll())
                            .results())
                    .isEmpty();
        }
    }
}
