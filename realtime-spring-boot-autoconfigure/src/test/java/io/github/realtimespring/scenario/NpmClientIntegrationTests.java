package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.abort;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Event;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The clients that most of Node uses, as black boxes. */
@ServerTest
class NpmClientIntegrationTests {

    private static final Path SCRIPTS = Path.of("src/test/npm");

    @Test
    void npmWsFindsWhatTheProtocolSays(@TempDir Path directory) throws Exception {
        install(directory);
        try (RealtimeServer server = RealtimeServer.start()) {
            finds(directory, "black-box.mjs", server, 8);
        }
    }

    @Test
    void npmEventSourceGoesOnByItselfAndStopsWhenItMust(@TempDir Path directory) throws Exception {
        install(directory);
        try (RealtimeServer server =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, Cuts.class))) {
            finds(directory, "event-source.mjs", server, 4);
        }
    }

    /** Ends every stream, the first time so that its client comes back. */
    @Configuration(proxyBeanMethods = false)
    static class Cuts {

        @Bean
        FanoutListener cuts(ObjectProvider<ConnectionRegistry> connections) {
            AtomicInteger cuts = new AtomicInteger();
            return new FanoutListener() {
                @Override
                public Pass started(Event event, Origin origin) {
                    boolean cut = new String(event.payload().bytes(), StandardCharsets.UTF_8).contains("\"cut\"");
                    return receipt -> {
                        if (cut) {
                            CloseReason reason =
                                    cuts.incrementAndGet() == 1 ? CloseReason.REBALANCE : CloseReason.SUPERSEDED;
                            connections.getObject().forEach(connection -> connection.close(reason));
                        }
                    };
                }
            };
        }
    }

    private static void install(Path directory) throws Exception {
        for (String tool : List.of("node", "npm")) {
            if (!isOnPath(tool)) {
                skip("no " + tool + " on the PATH");
            }
        }
        for (String file :
                List.of("package.json", "package-lock.json", ".npmrc", "black-box.mjs", "event-source.mjs")) {
            Files.copy(SCRIPTS.resolve(file), directory.resolve(file), StandardCopyOption.REPLACE_EXISTING);
        }
        Output install = run(directory, 300, "npm", "ci", "--prefer-offline", "--ignore-scripts", "--silent");
        if (install.exit() != 0) {
            skip("npm ci failed: " + install.text().strip());
        }
    }

    private static void finds(Path directory, String script, RealtimeServer server, int things) throws Exception {
        Output output = run(directory, 120, "node", script, Integer.toString(server.port));
        assertThat(output.exit()).as(output.text()).isZero();
        assertThat(output.text().lines().filter(line -> line.startsWith("ok "))).hasSize(things);
    }

    private static void skip(String why) {
        if (Boolean.getBoolean("realtime.require-tools")) {
            fail("%s, and -Drealtime.require-tools forbids skipping", why);
        }
        System.out.println("npm clients: " + why + "; skipped");
        abort(why);
    }

    private static boolean isOnPath(String tool) {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (Files.isExecutable(Path.of(directory, tool))) {
                return true;
            }
        }
        return false;
    }

    private record Output(int exit, String text) {}

    private static Output run(Path directory, int seconds, String... command) throws IOException, InterruptedException {
        File log = directory.resolve("output.txt").toFile();
        Process process = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        try {
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            String text = Files.readString(log.toPath(), StandardCharsets.UTF_8);
            return ended ? new Output(process.exitValue(), text) : new Output(-1, "not done in time\n" + text);
        } finally {
            process.destroyForcibly();
        }
    }
}
