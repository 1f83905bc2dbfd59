package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.github.realtimespring.test.process.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A proxy as a process of its own, with a configuration of {@code docs/affinity.md} and the addresses of a test. */
final class ProxyProcess implements AutoCloseable {

    final int port;
    private final Process process;
    private final Path directory;

    private ProxyProcess(int port, Process process, Path directory) {
        this.port = port;
        this.process = process;
        this.directory = directory;
    }

    /**
     * Starts it, or ends the test as skipped if the program is not there.
     *
     * @param name of the configuration in the document
     * @param nodes ports of the nodes, whose names are {@code node-0} and {@code node-1}
     */
    static ProxyProcess start(String name, List<Integer> nodes) throws Exception {
        String program = name.substring(0, name.indexOf('-'));
        Path executable = find(program);
        int port = FreePorts.next();
        Path directory = Files.createTempDirectory("realtime-proxy");
        String configuration = configuration(name)
                .replace("10.0.0.1:8080", "127.0.0.1:" + nodes.get(0))
                .replace("10.0.0.2:8080", "127.0.0.1:" + nodes.get(1))
                .replace("listen 80;", "listen 127.0.0.1:" + port + ";")
                .replace("bind :80", "bind 127.0.0.1:" + port)
                .replace("node-a", "node-0")
                .replace("node-b", "node-1");
        Path file = directory.resolve("proxy.conf");
        List<String> command = new ArrayList<>(List.of(executable.toString()));
        if (program.equals("nginx")) {
            configuration = """
                    daemon off;
                    pid DIR/nginx.pid;
                    error_log stderr warn;
                    events { worker_connections 1024; }
                    http {
                        access_log off;
                        client_body_temp_path DIR/body;
                        proxy_temp_path DIR/proxy;
                        fastcgi_temp_path DIR/fastcgi;
                        uwsgi_temp_path DIR/uwsgi;
                        scgi_temp_path DIR/scgi;
                    """.replace("DIR", directory.toString()) + configuration + "}\n";
            command.addAll(List.of("-e", "stderr", "-p", directory.toString(), "-c", file.toString()));
        } else {
            configuration += "\n";
            command.addAll(List.of("-db", "-f", file.toString()));
        }
        Files.writeString(file, configuration);
        Path log = directory.resolve("log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        ProxyProcess proxy = new ProxyProcess(port, process, directory);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!listens(port)) {
            if (process.waitFor(10, TimeUnit.MILLISECONDS) || System.nanoTime() > end) {
                String said = Files.readString(log);
                proxy.close();
                fail("%s does not start: %s", program, said);
            }
        }
        return proxy;
    }

    private static Path find(String program) {
        String path = System.getenv("PATH") + ":/usr/sbin";
        Path found = Stream.of(path.split(":"))
                .map(directory -> Path.of(directory, program))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
        if (found == null) {
            if (Boolean.getBoolean("realtime.require-tools")) {
                fail("no %s, and -Drealtime.require-tools forbids skipping", program);
            }
            System.out.println("affinity: no " + program + "; skipped its configurations");
        }
        Assumptions.assumeTrue(found != null, "no " + program);
        return found;
    }

    private static String configuration(String name) throws IOException {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/affinity.md"))) {
            root = root.getParent();
        }
        Matcher block = Pattern.compile("<!-- config: " + name + " -->\\n```\\w+\\n(.*?\\n)```", Pattern.DOTALL)
                .matcher(Files.readString(root.resolve("docs/affinity.md")));
        assertThat(block.find())
                .as("configuration %s in docs/affinity.md", name)
                .isTrue();
        return block.group(1);
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public void close() throws IOException {
        this.process.descendants().forEach(ProcessHandle::destroy);
        this.process.destroy();
        try {
            if (!this.process.waitFor(5, TimeUnit.SECONDS)) {
                this.process.descendants().forEach(ProcessHandle::destroyForcibly);
                this.process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(this.directory)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
