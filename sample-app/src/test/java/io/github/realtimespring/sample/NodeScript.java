package io.github.realtimespring.sample;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.File;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/** A script below {@code src/test/e2e}. Without Node a test is skipped with one line, or fails if tools are required. */
final class NodeScript {

    private static final Path TARGET = Path.of("target/e2e").toAbsolutePath();

    private static final Path SCRIPTS = Path.of("src/test/e2e");
    private static final int OLDEST_NODE = 20;
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final String name;
    private final Path node;
    private final Path npm;

    private NodeScript(String name, Path node, Path npm) {
        this.name = name;
        this.node = node;
        this.npm = npm;
    }

    static NodeScript named(String name) throws Exception {
        Path node = find(name, "Node", null, "node");
        Process asked = new ProcessBuilder(node.toString(), "-p", "process.versions.node.split('.')[0]").start();
        int major = Integer.parseInt(new String(asked.getInputStream().readAllBytes(), UTF_8).strip());
        if (major < OLDEST_NODE) {
            without(name, "Node of version " + OLDEST_NODE + " or later");
        }
        return new NodeScript(name, node, find(name, "npm", null, "npm"));
    }

    /** The first of these programs that is there. */
    Path tool(String what, @Nullable String configured, String... names) {
        return find(this.name, what, configured, names);
    }

    /** Chromium, where its path is not set in {@code CHROMIUM} under the names it usually has. */
    String chromium() {
        return tool(
                        "Chromium (set CHROMIUM to its path)",
                        System.getenv("CHROMIUM"),
                        "chromium",
                        "chromium-browser",
                        "google-chrome",
                        "/Applications/Chromium.app/Contents/MacOS/Chromium",
                        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
                .toString();
    }

    private static Path find(String script, String what, @Nullable String configured, String... names) {
        return Stream.concat(Stream.ofNullable(configured), Stream.of(names))
                .flatMap(NodeScript::places)
                .filter(place -> Files.isRegularFile(place) && Files.isExecutable(place))
                .findFirst()
                .orElseGet(() -> without(script, what));
    }

    private static Stream<Path> places(String name) {
        return name.contains("/")
                ? Stream.of(Path.of(name))
                : Stream.of(System.getenv("PATH").split(File.pathSeparator)).map(directory -> Path.of(directory, name));
    }

    private static Path without(String script, String what) {
        if (Boolean.getBoolean("realtime.require-tools")) {
            return fail("no %s, and -Drealtime.require-tools forbids skipping", what);
        }
        System.out.println("sample-app: no " + what + "; skipped " + script + ".mjs");
        return Assumptions.abort("no " + what);
    }

    /** Runs the script to its end; what it printed is shown if it failed. */
    void run(String url, Map<String, String> environment) throws Exception {
        Files.createDirectories(TARGET);
        install();
        run(this.name, environment, this.node, this.name + ".mjs", url);
    }

    /** {@code npm ci} deletes and installs everything; once per lockfile is enough, and one JVM at a time. */
    private void install() throws Exception {
        Path lock = SCRIPTS.resolve("package-lock.json");
        Path installed = SCRIPTS.resolve("node_modules/.installed-package-lock.json");
        try (FileChannel turn = FileChannel.open(
                        TARGET.resolve("npm-ci.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock held = turn.lock()) {
            if (!Files.exists(installed) || Files.mismatch(lock, installed) >= 0) {
                run("npm-ci", Map.of(), this.npm, "ci", "--loglevel=error");
                Files.copy(lock, installed, StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private static void run(String name, Map<String, String> environment, Path program, String... arguments)
            throws Exception {
        List<String> command = new ArrayList<>(List.of(program.toString()));
        command.addAll(List.of(arguments));
        Path log = TARGET.resolve(name + ".log");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(SCRIPTS.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment().put("TARGET", TARGET.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            boolean ended = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            String output = Files.readString(log);
            assertThat(ended).as("%s ended. It said:%n%s", name, output).isTrue();
            assertThat(process.exitValue()).as("%s said:%n%s", name, output).isZero();
        } finally {
            // Asked to end, the script closes its browser.
            process.destroy();
        }
    }
}
