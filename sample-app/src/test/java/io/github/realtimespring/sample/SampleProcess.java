package io.github.realtimespring.sample;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The sample as a process of its own, {@code java -jar} on a free port. */
final class SampleProcess implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern STARTED =
            Pattern.compile("(?s)Tomcat started on port (\\d+).*Started SampleApplication");

    private static final HttpClient HTTP = HttpClient.newHttpClient();
    private static final JsonMapper JSON = new JsonMapper();

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
        return start(name, List.of("-jar", System.getProperty("sample.jar")), arguments);
    }

    /** One whose clock is as wrong as the file says. */
    static SampleProcess startWithClock(Path clock, String name, List<String> arguments) {
        try {
            String type = JumpingClock.class.getName().replace('.', '/') + ".class";
            Path classes = Path.of("target", "jumping-clock");
            Path copy = classes.resolve(type);
            Files.createDirectories(copy.getParent());
            try (InputStream in = JumpingClock.class.getResourceAsStream("/" + type)) {
                Files.write(copy, in.readAllBytes());
            }
            List<String> more = new ArrayList<>(arguments);
            more.add("--spring.profiles.include=" + JumpingClock.PROFILE);
            more.add("--" + JumpingClock.FILE + "=" + clock.toAbsolutePath());
            return start(
                    name,
                    List.of(
                            "-Dloader.path=" + classes,
                            "-cp",
                            System.getProperty("sample.jar"),
                            "org.springframework.boot.loader.launch.PropertiesLauncher"),
                    more);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static SampleProcess start(String name, List<String> program, List<String> arguments) {
        try {
            Path log = Files.createDirectories(Path.of("target", "processes")).resolve(name + ".log");
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1"));
            command.addAll(program);
            command.add("--server.port=0");
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

    /** What its actuator endpoint says to an operator. */
    JsonNode actuator(String path) throws IOException, InterruptedException {
        String basic = Base64.getEncoder().encodeToString("alice:demo".getBytes(StandardCharsets.UTF_8));
        HttpResponse<String> response = HTTP.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + this.port + "/actuator/realtime" + path))
                        .header("Authorization", "Basic " + basic)
                        .timeout(PATIENCE)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
        if (response.statusCode() != 200) {
            throw new IllegalStateException(path + " is answered with " + response.statusCode());
        }
        return JSON.readTree(response.body());
    }

    /** What it has written to its log until now. */
    String said() {
        try {
            return Files.readString(this.log);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** It stands still, with its connections open. */
    void pause() throws InterruptedException {
        signal("STOP");
    }

    /** It goes on as if no time had passed. */
    void resume() throws InterruptedException {
        signal("CONT");
    }

    private void signal(String name) throws InterruptedException {
        try {
            int status = new ProcessBuilder("kill", "-" + name, Long.toString(this.process.pid()))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("kill -" + name + " ended with " + status);
            }
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
