package io.github.realtimespring.sample;

import static org.springframework.boot.test.context.SpringBootTest.WebEnvironment.RANDOM_PORT;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;

/**
 * People in real Chromium windows use the sample. The script cuts connections through the actuator; with
 * {@code -Drealtime.screenshots} it also takes the README's pictures.
 */
@SpringBootTest(
        webEnvironment = RANDOM_PORT,
        properties = {"management.endpoint.realtime.access=unrestricted", "realtime.presence.grace=5s"})
class TwoBrowsersIntegrationTests {

    @LocalServerPort
    private int port;

    @Test
    void peopleInTheirBrowsersShareAProject() throws Exception {
        NodeScript script = NodeScript.named("two-browsers");
        Map<String, String> environment = new HashMap<>();
        environment.put("CHROMIUM", script.chromium());
        if (Boolean.getBoolean("realtime.screenshots")) {
            Path pictures = Path.of("../docs/images").toAbsolutePath().normalize();
            environment.put("SCREENSHOTS", pictures.toString());
        }
        script.run("http://localhost:" + this.port, environment);
    }
}
