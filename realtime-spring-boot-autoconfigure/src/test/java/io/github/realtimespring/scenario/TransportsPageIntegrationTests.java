package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of {@code docs/transports.md}, run as they stand there. */
@ServerTest
class TransportsPageIntegrationTests {

    private static final Pattern COMMAND = Pattern.compile("```sh\\n(curl .*?)\\n```", Pattern.DOTALL);

    @TempDir
    Path directory;

    @Test
    void theCommandsOfThePageDoWhatItSays() throws Exception {
        List<String> commands = COMMAND.matcher(Files.readString(page()))
                .results()
                .map(command -> command.group(1))
                .toList();
        assertThat(commands).hasSize(3);
        try (RealtimeServer server =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class))) {
            Path streamed = this.directory.resolve("stream");
            Process stream = start(server, commands.get(0), streamed);
            try {
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> Files.readString(streamed).contains("project:43"));
                assertThat(Files.readString(streamed)).startsWith("retry: ");

                assertThat(run(server, commands.get(1))).contains("\"cursor\":", "\"welcome\"", "\"joined\"");
                assertThat(run(server, commands.get(2))).startsWith("{\"type\":\"ack\",\"id\":1,");

                server.publish(
                        RoutingKey.room("project:43"), DeliveryClass.of(Delivery.RECOVERABLE), "{\"last\":true}");
                await().atMost(Duration.ofSeconds(30))
                        .until(() -> Files.readString(streamed).contains("{\"last\":true}"));
                assertThat(Files.readString(streamed)).contains("\"text\":\"hi\"");
            } finally {
                stream.destroyForcibly();
            }
        }
    }

    private String run(RealtimeServer server, String command) throws IOException, InterruptedException {
        Path output = this.directory.resolve("output");
        Process process = start(server, command, output);
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(command).isTrue();
        return Files.readString(output);
    }

    private static Process start(RealtimeServer server, String command, Path output) throws IOException {
        String here = command.replace("http://localhost:8080", "http://localhost:" + server.port);
        try {
            return new ProcessBuilder("sh", "-c", "command -v curl >/dev/null || exit 127; exec " + here)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException ex) {
            if (Boolean.getBoolean("realtime.require-tools")) {
                fail("no shell, and -Drealtime.require-tools forbids skipping", ex);
            }
            abort("no shell");
            throw ex;
        }
    }

    private static Path page() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("CONTRIBUTING.md"))) {
            directory = directory.getParent();
        }
        return directory.resolve("docs/transports.md");
    }
}
