package io.github.realtimespring.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The Java in README and docs is a region of a compiled source. A region stands between {@code // region NAME} and
 * {@code // endregion}; the document names it in front of the block: {@code <!-- snippet: PATH#NAME -->}.
 */
class SnippetTests {

    private static final Pattern BLOCK =
            Pattern.compile("(?:<!-- snippet: (\\S+)#(\\S+) -->\\s*\\n)?```java\\n(.*?)\\n```", Pattern.DOTALL);
    private static final Pattern METHOD_LINK = Pattern.compile("\\]\\(([^)#\\s]+\\.java)#([^)]+)\\)");
    private static final Pattern LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#\\s]+)(?:#[^)]*)?\\)");

    static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>(List.of(root().resolve("README.md"), root().resolve("CONTRIBUTING.md")));
        try (Stream<Path> docs = Files.walk(root().resolve("docs"))) {
            docs.filter(path -> path.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        return documents;
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyBlockOfJavaIsARegionOfACompiledSource(Path document) {
        Matcher block = BLOCK.matcher(read(document));
        while (block.find()) {
            assertThat(block.group(1))
                    .as("source of the block in %s:%n%s", root().relativize(document), block.group(3))
                    .isNotNull();
            Path source = root().resolve(block.group(1));
            assertThat(source).isRegularFile();
            assertThat(block.group(3))
                    .as("%s#%s in %s", block.group(1), block.group(2), root().relativize(document))
                    .isEqualTo(region(read(source), block.group(2)));
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyLinkToAMethodNamesOneThatIsThere(Path document) {
        Matcher link = METHOD_LINK.matcher(read(document));
        while (link.find()) {
            assertThat(read(document.resolveSibling(link.group(1))))
                    .as("link in %s", root().relativize(document))
                    .contains(" " + link.group(2) + "(");
        }
    }

    @ParameterizedTest
    @MethodSource("documents")
    void everyLinkToAFileLeadsSomewhere(Path document) {
        Matcher link = LINK.matcher(read(document));
        while (link.find()) {
            Path target = document.resolveSibling(link.group(1));
            assertThat(target).as("link in %s", root().relativize(document)).exists();
        }
    }

    @Test
    void aRegionIsTakenWithoutItsIndent() {
        String source = "class A {\n    // region b\n    void b() {\n        c();\n    }\n    // endregion\n}\n";

        assertThat(region(source, "b")).isEqualTo("void b() {\n    c();\n}");
    }

    private static String region(String source, String name) {
        Matcher region = Pattern.compile(
                        "^[ \\t]*// region " + Pattern.quote(name) + "\\n(.*?)\\n[ \\t]*// endregion",
                        Pattern.DOTALL | Pattern.MULTILINE)
                .matcher(source);
        assertThat(region.find()).as("region %s", name).isTrue();
        String text = region.group(1);
        int indent = text.lines()
                .filter(line -> !line.isBlank())
                .mapToInt(line -> line.length() - line.stripLeading().length())
                .min()
                .orElse(0);
        return String.join(
                "\n",
                text.lines()
                        .map(line -> line.isBlank() ? "" : line.substring(indent))
                        .toList());
    }

    private static String read(Path path) {
        try {
            return Files.readString(path).replace("\r\n", "\n");
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static Path root() {
        Path path = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(path.resolve("mvnw"))) {
            path = path.getParent();
        }
        return path;
    }
}
