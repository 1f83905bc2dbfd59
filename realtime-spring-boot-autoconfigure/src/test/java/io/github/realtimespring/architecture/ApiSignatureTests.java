package io.github.realtimespring.architecture;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Compares what the modules offer with the committed lists in {@code docs/api}. */
class ApiSignatureTests {

    private static final String UPDATE = "./mvnw -pl realtime-spring-boot-autoconfigure -am test"
            + " -Dtest=ApiSignatureTests -Dsurefire.failIfNoSpecifiedTests=false -Drealtime.update-api";

    @ParameterizedTest
    @ValueSource(strings = {"realtime-core", "realtime-spring-boot-autoconfigure"})
    void publicSignaturesAreTheCommittedOnes(String module) throws IOException {
        List<String> actual = ApiSignatures.of(typesOf(module));
        Path committed = root().resolve("docs/api/" + module + ".txt");
        if (System.getProperty("realtime.update-api") != null) {
            Files.createDirectories(committed.getParent());
            Files.write(committed, actual);
            return;
        }
        assertThat(committed).as("created by: %s", UPDATE).exists();
        assertThat(qualified(actual))
                .as("the public API of %s changed; if it is meant to, say so by: %s", module, UPDATE)
                .containsExactlyInAnyOrderElementsOf(qualified(Files.readAllLines(committed)));
    }

    @Test
    void signaturesShowWhatCallersAndImplementorsRelyOn() {
        assertThat(ApiSignatures.of(List.of(ApiSample.class.getDeclaredClasses())))
                .containsExactly(
                        "public static @interface " + ApiSample.Mark.class.getName(),
                        "    abstract java.lang.String[] value() default {\"a\", \"b\"}",
                        "public static record " + ApiSample.Pair.class.getName(),
                        "    public int left()",
                        "    public new(int)",
                        "public abstract static class " + ApiSample.Shown.class.getName()
                                + "<T extends java.lang.Comparable<T>> implements java.util.concurrent.Callable<T>",
                        "    protected new(T)",
                        "    public final <X> java.util.List<? super X> all(X...) throws java.io.IOException",
                        "    public static final int LIMIT",
                        "public static enum " + ApiSample.Size.class.getName(),
                        "    constant LARGE",
                        "    constant SMALL");
    }

    /** Every member with its type in front, so that a difference names the place. */
    private static List<String> qualified(List<String> lines) {
        List<String> qualified = new ArrayList<>();
        String type = "";
        for (String line : lines) {
            if (line.startsWith(" ")) {
                qualified.add(type + " # " + line.strip());
            } else {
                type = line.replaceFirst(".*?(io\\.github\\.realtimespring[\\w.$]*).*", "$1");
                qualified.add(line);
            }
        }
        return qualified;
    }

    /** A module is recognised by where its classes come from: a directory or a jar below its {@code target}. */
    private static List<Class<?>> typesOf(String module) {
        List<Class<?>> types = new ArrayList<>();
        for (JavaClass type : new ClassFileImporter()
                .withImportOption(new ImportOption.DoNotIncludeTests())
                .withImportOption(location -> location.contains("/" + module + "/target/"))
                .importPackages("io.github.realtimespring")) {
            types.add(load(type.getName()));
        }
        assertThat(types).as("classes of %s on the class path", module).isNotEmpty();
        return types;
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, ApiSignatureTests.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("mvnw"))) {
            directory = directory.getParent();
        }
        return directory;
    }
}
