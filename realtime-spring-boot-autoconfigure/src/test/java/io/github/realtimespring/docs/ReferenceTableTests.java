package io.github.realtimespring.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.actuate.RealtimeMeter;
import io.micrometer.common.docs.KeyName;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The tables of properties and meters are generated; {@code -Drealtime.update-docs} writes them. */
class ReferenceTableTests {

    @Test
    void propertiesAreThoseOfTheMetadata() throws IOException {
        TreeMap<String, String> rows = new TreeMap<>();
        for (JsonNode property : metadata().get("properties")) {
            String name = property.get("name").asString();
            JsonNode value = property.get("defaultValue");
            rows.put(
                    name,
                    "| `%s` | %s | %s | %s |"
                            .formatted(
                                    name,
                                    type(property.get("type").asString()),
                                    value == null ? "" : "`" + value.asString() + "`",
                                    property.get("description").asString()));
        }
        check(
                "configuration.md",
                "properties",
                "| property | type | default | description |\n| --- | --- | --- | --- |\n"
                        + String.join("\n", rows.values()));
    }

    @Test
    void everyPropertyIsDescribedInTheStyleOfSpringBoot() throws IOException {
        assertThat(metadata().get("properties")).isNotEmpty().allSatisfy(property -> {
            String name = property.get("name").asString();
            JsonNode description = property.get("description");
            assertThat(description).as(name).isNotNull();
            assertThat(description.asString())
                    .as(name)
                    .matches("[A-Z].*\\.")
                    .doesNotContain("{@")
                    .doesNotMatch("(The|A|An) .*");
            if (property.get("type").asString().equals("java.lang.Boolean")) {
                assertThat(description.asString()).as(name).startsWith("Whether");
            }
        });
    }

    @Test
    void metersAreThoseOfTheEnum() throws IOException {
        String rows = Arrays.stream(RealtimeMeter.values())
                .map(meter -> "| `%s` | %s%s | %s | %s |"
                        .formatted(
                                meter.getName(),
                                meter.getType().name().toLowerCase(Locale.ROOT).replace("distribution_", ""),
                                meter.getBaseUnit() == null ? "" : ", " + meter.getBaseUnit(),
                                Arrays.stream(meter.getKeyNames())
                                        .map(KeyName::asString)
                                        .collect(Collectors.joining(", ")),
                                meter.getDescription()))
                .collect(Collectors.joining("\n"));
        check("operations.md", "meters", "| meter | type | tags | |\n| --- | --- | --- | --- |\n" + rows);
    }

    @Test
    void tagsAreThoseOfTheEnum() throws IOException {
        String rows = Arrays.stream(RealtimeMeter.Tag.values())
                .map(tag -> "| %s | %s |".formatted(tag.asString(), tag.getDescription()))
                .collect(Collectors.joining("\n"));
        check("operations.md", "tags", "| tag | values |\n| --- | --- |\n" + rows);
    }

    private static void check(String page, String name, String table) throws IOException {
        Path path = root().resolve("docs").resolve(page);
        String text = Files.readString(path);
        String begin = "<!-- table: " + name + " -->\n";
        int from = text.indexOf(begin) + begin.length();
        int to = text.indexOf("<!-- /table -->", from);
        assertThat(from).isGreaterThanOrEqualTo(begin.length());
        if (System.getProperty("realtime.update-docs") != null) {
            Files.writeString(path, text.substring(0, from) + table + "\n" + text.substring(to));
            return;
        }
        assertThat(text.substring(from, to))
                .as("table '%s' of docs/%s; -Drealtime.update-docs writes it", name, page)
                .isEqualTo(table + "\n");
    }

    private static JsonNode metadata() throws IOException {
        for (URL url : Collections.list(ReferenceTableTests.class
                .getClassLoader()
                .getResources("META-INF/spring-configuration-metadata.json"))) {
            try (InputStream in = url.openStream()) {
                JsonNode metadata = JsonMapper.builder().build().readTree(in);
                if (metadata.toString().contains("\"realtime.base-path\"")) {
                    return metadata;
                }
            }
        }
        throw new IllegalStateException("no metadata of realtime.* on the class path");
    }

    private static String type(String type) {
        String simple = type.replaceAll("[a-z.]+\\.(?=[A-Z])", "").replaceAll("\\w+\\$", "");
        return simple.replace("<", "&lt;").replace(">", "&gt;").replace(",", ", ");
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("CONTRIBUTING.md"))) {
            directory = directory.getParent();
        }
        return directory;
    }
}
