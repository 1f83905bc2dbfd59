package io.github.realtimespring.test.kafka;

import io.github.realtimespring.test.process.FreePorts;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;
import org.springframework.kafka.test.EmbeddedKafkaKraftBroker;

/**
 * A Kafka of one broker for tests, on a port of the loopback that was free: in this process, which starts soon and forgets
 * everything; or as a process of its own, which can be killed and finds its data again. Closed by who made it.
 */
public abstract class KafkaServer implements AutoCloseable {

    /** Host and port. */
    public abstract String bootstrapServers();

    /** What clients of it are given. */
    public Map<String, Object> properties() {
        return Map.of("bootstrap.servers", bootstrapServers());
    }

    public static KafkaServer inThisProcess() {
        return new Embedded();
    }

    /** One that has started. */
    public static Process process() {
        Process server = new Process();
        try {
            server.format();
            server.start();
        } catch (RuntimeException ex) {
            server.close();
            throw ex;
        }
        return server;
    }

    @Override
    public abstract void close();

    private static final class Embedded extends KafkaServer {

        private final EmbeddedKafkaKraftBroker broker = new EmbeddedKafkaKraftBroker(1, 1);

        Embedded() {
            this.broker.brokerProperty("auto.create.topics.enable", "false");
            this.broker.afterPropertiesSet();
        }

        @Override
        public String bootstrapServers() {
            return this.broker.getBrokersAsString();
        }

        @Override
        public void close() {
            this.broker.destroy();
        }
    }

    /** A process of its own, with its data in a directory that is deleted at the end. */
    public static final class Process extends KafkaServer {

        private static final Duration START = Duration.ofSeconds(90);
        private static final String STARTED = "Kafka Server started";

        private final Path directory;
        private final int port;
        private java.lang.Process process;

        Process() {
            try {
                this.directory = Files.createTempDirectory("realtime-kafka");
                this.port = FreePorts.next();
                Files.writeString(this.directory.resolve("server.properties"), """
                        process.roles=broker,controller
                        node.id=1
                        controller.quorum.voters=1@localhost:%2$d
                        listeners=PLAINTEXT://localhost:%1$d,CONTROLLER://localhost:%2$d
                        advertised.listeners=PLAINTEXT://localhost:%1$d
                        listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
                        controller.listener.names=CONTROLLER
                        inter.broker.listener.name=PLAINTEXT
                        log.dirs=%3$s
                        offsets.topic.replication.factor=1
                        auto.create.topics.enable=false
                        broker.session.timeout.ms=3000
                        """.formatted(
                                this.port, FreePorts.next(), this.directory.resolve("data")));
                Files.writeString(this.directory.resolve("logback.xml"), """
                        <configuration>
                          <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
                            <encoder><pattern>%d{HH:mm:ss.SSS} %-5level %logger - %msg%n</pattern></encoder>
                          </appender>
                          <logger name="kafka.server.KafkaRaftServer" level="INFO"/>
                          <root level="WARN"><appender-ref ref="OUT"/></root>
                        </configuration>
                        """);
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

        @Override
        public String bootstrapServers() {
            return "localhost:" + this.port;
        }

        private void format() {
            run(
                    "format",
                    "kafka.tools.StorageTool",
                    "format",
                    "-t",
                    Uuid.randomUuid().toString(),
                    "-c",
                    config());
            try {
                if (!this.process.waitFor(60, TimeUnit.SECONDS) || this.process.exitValue() != 0) {
                    throw new IllegalStateException("Kafka's storage was not formatted: " + log("format"));
                }
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(ex);
            }
        }

        /** Starts it, again too, and waits until it says that it has. */
        public void start() {
            run("server", "kafka.Kafka", config());
            awaitStarted();
        }

        private void awaitStarted() {
            long deadline = System.nanoTime() + START.toNanos();
            while (!log("server").contains(STARTED)) {
                try {
                    if (this.process.waitFor(20, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                        throw new IllegalStateException("Kafka did not start: " + log("server"));
                    }
                } catch (InterruptedException ex) {
                    Thread.currentThread().interrupt();
                    throw new IllegalStateException(ex);
                }
            }
        }

        /** As {@code kill -9} does. */
        public void kill() {
            try {
                this.process.destroyForcibly().waitFor();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }

        /** Such as {@code STOP}. */
        public void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", "-" + name, Long.toString(this.process.pid()))
                    .start()
                    .waitFor();
        }

        private String config() {
            return this.directory.resolve("server.properties").toString();
        }

        private void run(String name, String main, String... arguments) {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:TieredStopAtLevel=1",
                    "-Dlogback.configurationFile=" + this.directory.resolve("logback.xml"),
                    "-cp",
                    System.getProperty("java.class.path"),
                    main));
            command.addAll(List.of(arguments));
            try {
                this.process = new ProcessBuilder(command)
                        .directory(this.directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(this.directory.resolve(name + ".log").toFile())
                        .start();
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

        private String log(String name) {
            try {
                return Files.readString(this.directory.resolve(name + ".log"));
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }

        @Override
        public void close() {
            if (this.process != null) {
                kill();
            }
            try (Stream<Path> files = Files.walk(this.directory)) {
                files.sorted(Comparator.reverseOrder())
                        .forEach(file -> file.toFile().delete());
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }
    }
}
