package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.yaml.snakeyaml.Yaml;

/** {@code compose.yaml} is YAML with what it says; nothing here runs it. */
class ComposeFileTests {

    @Test
    void twoInstancesShareOneRedisBehindNginx() throws Exception {
        try (Reader file = Files.newBufferedReader(Path.of("compose.yaml"))) {
            Map<String, Map<String, Map<String, Object>>> compose = new Yaml().load(file);

            assertThat(compose.get("services")).containsOnlyKeys("redis", "chat-1", "chat-2", "nginx");
            assertThat(compose.get("services").get("chat-2"))
                    .isEqualTo(compose.get("services").get("chat-1"))
                    .extracting("command")
                    .asString()
                    .contains("--spring.profiles.active=redis");
            assertThat(compose.get("configs").get("nginx").get("content"))
                    .asString()
                    .contains("chat-1:8080", "chat-2:8080");
        }
    }
}
