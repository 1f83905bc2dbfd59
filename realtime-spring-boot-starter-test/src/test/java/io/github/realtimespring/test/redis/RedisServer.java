package io.github.realtimespring.test.redis;

import io.github.realtimespring.test.process.FreePorts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A Redis server as a process of its own, on a free port of the loopback and with a directory of its own. The program is
 * the one that {@code org.signal:embedded-redis} carries for this system; of that library nothing else is used, because
 * its own launcher has no process to send signals to.
 *
 * <p>With {@code -Drealtime.test.redis=host:port}, {@link #shared} is that server; tests that break one always have their
 * own.
 */
public final class RedisServer implements AutoCloseable {

    private static final String EXTERNAL = "realtime.test.redis";
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private static Path program;

    private final String host;
    private final int port;
    private final List<String> command;
    private final Path directory;
    private Process process;

    private RedisServer(String host, int port, List<String> command, Path directory) {
        this.host = host;
        this.port = port;
        this.command = command;
        this.directory = directory;
    }

    /** A server that tests share and do not break: the external one if there is one. */
    public static RedisServer shared() {
        String external = System.getProperty(EXTERNAL, "");
        if (external.isEmpty()) {
            return start();
        }
        int colon = external.lastIndexOf(':');
        return new RedisServer(
                external.substring(0, colon), Integer.parseInt(external.substring(colon + 1)), List.of(), null);
    }

    /**
     * Starts a server that keeps nothing on disk unless it is told to.
     *
     * @param arguments as on the command line, such as {@code --appendonly yes}
     */
    public static RedisServer start(String... arguments) {
        for (int attempt = 0; ; attempt++) {
            try {
                return onFreePort(arguments);
            } catch (IllegalStateException ex) {
                // Somebody else may have taken the port since.
                if (attempt == 2) {
                    throw ex;
                }
            }
        }
    }

    /** Starts a Sentinel that watches a server under the name {@code main} and decides alone. */
    public static RedisServer sentinel(RedisServer watched) {
        return onFreePort(
                "--sentinel",
                "--sentinel monitor main " + watched.host() + " " + watched.port() + " 1",
                "--sentinel down-after-milliseconds main 500",
                "--sentinel failover-timeout main 2000");
    }

    private static RedisServer onFreePort(String... arguments) {
        try {
            int port = FreePorts.next();
            Path directory = Files.createTempDirectory("realtime-redis");
            List<String> command = new ArrayList<>(List.of(program().toString()));
            List<String> settings =
                    new ArrayList<>(List.of("--port " + port, "--bind 127.0.0.1", "--dir " + directory));
            settings.add("--logfile redis.log");
            if (arguments.length > 0 && arguments[0].equals("--sentinel")) {
                // It writes into its configuration what it finds out.
                Path file = directory.resolve("sentinel.conf");
                settings.addAll(List.of(arguments).subList(1, arguments.length));
                Files.write(
                        file, settings.stream().map(line -> line.substring(2)).toList());
                command.addAll(List.of(file.toString(), "--sentinel"));
            } else {
                settings.forEach(setting -> command.addAll(List.of(setting.split(" "))));
                command.addAll(List.of("--save", ""));
                command.addAll(List.of(arguments));
            }
            RedisServer server = new RedisServer("127.0.0.1", port, command, directory);
            Runtime.getRuntime().addShutdownHook(new Thread(server::destroy));
            try {
                server.restart();
            } catch (IllegalStateException ex) {
                server.close();
                throw ex;
            }
            return server;
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    private static synchronized Path program() throws IOException {
        if (program == null) {
            String os = System.getProperty("os.name").toLowerCase(Locale.ROOT).contains("mac") ? "darwin" : "linux";
            String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
            String resource = "redis-server-7.0.15-" + os + "-" + arch;
            Path extracted = Files.createTempFile("redis-server", "");
            try (InputStream in = RedisServer.class.getClassLoader().getResourceAsStream(resource)) {
                if (in == null) {
                    throw new IllegalStateException("there is no " + resource + " on the class path");
                }
                Files.copy(in, extracted, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
            if (!extracted.toFile().setExecutable(true)) {
                throw new IllegalStateException(extracted + " cannot be made executable");
            }
            extracted.toFile().deleteOnExit();
            program = extracted;
        }
        return program;
    }

    public String host() {
        return this.host;
    }

    public int port() {
        return this.port;
    }

    public Path directory() {
        return this.directory;
    }

    /** Starts the server that was killed, with what it has on disk. Waits until it answers. */
    public void restart() {
        try {
            this.process = new ProcessBuilder(this.command)
                    .directory(this.directory.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!answers()) {
            try {
                if (this.process.waitFor(5, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                    throw new IllegalStateException("Redis does not start: " + log());
                }
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(ex);
            }
        }
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(this.host, this.port), 1000);
            socket.setSoTimeout(1000);
            socket.getOutputStream().write("PING\r\n".getBytes(StandardCharsets.US_ASCII));
            byte[] answer = socket.getInputStream().readNBytes(5);
            return new String(answer, StandardCharsets.US_ASCII).equals("+PONG");
        } catch (IOException notYet) {
            return false;
        }
    }

    private String log() {
        try {
            return Files.readString(this.directory.resolve("redis.log"));
        } catch (IOException ex) {
            return "it has written no log";
        }
    }

    /** Ends it as a crash does. */
    public void kill() {
        signal("KILL");
        try {
            this.process.waitFor();
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    /** It stands still, with its connections open. */
    public void freeze() {
        signal("STOP");
    }

    /** It goes on. */
    public void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        if (this.process == null) {
            throw new IllegalStateException("an external server is not for tests that break it");
        }
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
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }

    private void destroy() {
        if (this.process != null) {
            this.process.destroyForcibly();
        }
    }

    @Override
    public void close() {
        destroy();
        if (this.directory == null) {
            return;
        }
        try (Stream<Path> files = Files.walk(this.directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
