package io.github.realtimespring.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The sample as a process of its own, {@code java -jar} on a free port. */
final class SampleProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern STARTED =
            Pattern.compile("(?s)Tomcat started on port (\\d+).*Started SampleApplication");

    private final Process process;
    private final Path log;
    private int port;

    private SampleProcess(Process process, Path log) {
        this.process = process;
        this.log = log;
        Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    }

    /** Starts one that is not ready yet, so that several start at the same time. */
    static SampleProcess start(String name, List<String> arguments) {
        try {
            Path log = Files.createDirectories(Path.of("target", "processes")).resolve(name + ".log");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-jar",
                    System.getProperty("sample.jar"),
                    "--server.port=0"));
            command.addAll(arguments);
            return new SampleProcess(
                    new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start(),
                    log);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Waits until it takes requests. */
    SampleProcess ready() throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            String said = said();
            Matcher started = STARTED.matcher(said);
            if (started.find()) {
                this.port = Integer.parseInt(started.group(1));
                return this;
            }
            if (this.process.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                throw new IllegalStateException("the sample did not start. It said:\n" + said);
            }
        }
    }

    int port() {
        return this.port;
    }

    /** What it has written to its log until now. */
    String said() {
        try {
            return Files.readString(this.log);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Ends it as a crash does. */
    void kill() throws InterruptedException {
        this.process.destroyForcibly().waitFor();
    }

    /** Asks it to end, as an operator does, and waits. */
    int stop() throws InterruptedException {
        this.process.destroy();
        if (!this.process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            throw new IllegalStateException("the sample does not stop. It said:\n" + said());
        }
        return this.process.exitValue();
    }

    @Override
    public void close() {
        this.process.destroyForcibly();
    }
}
