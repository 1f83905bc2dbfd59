package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;

/** A running peer, pinned to the first core. */
final class Server implements AutoCloseable {

    private static final Pattern TOTAL = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)");

    private final Process process;
    private final int port;

    private Server(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Starts {@code peer} and waits until it listens. */
    static Server start(Peer peer, Path logs) throws IOException, InterruptedException {
        return start(peer, logs, "-Xmx512m");
    }

    static Server start(Peer peer, Path logs, String maxHeap) throws IOException, InterruptedException {
        int port = freePort();
        List<String> command = new ArrayList<>(List.of("taskset", "-c", "0"));
        if (peer.jvm() != null) {
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(List.of("-Xms512m", maxHeap, "-XX:+AlwaysPreTouch", "-Dreactor.netty.ioWorkerCount=1"));
            command.addAll(peer.jvm());
            String classPath = System.getProperty("java.class.path");
            // What the build has put there is on no class path of its own.
            command.addAll(List.of(
                    "-cp", peer.libraries() == null ? classPath : classPath + ":target/" + peer.libraries() + "/*"));
            command.addAll(peer.command());
            command.addAll(List.of(
                    "--server.address=127.0.0.1",
                    "--server.port=" + port,
                    "--server.tomcat.max-connections=20000",
                    "--server.tomcat.accept-count=1000",
                    "--server.tomcat.max-keep-alive-requests=-1",
                    "--spring.main.banner-mode=off"));
        } else {
            command.addAll(peer.command());
            command.add(String.valueOf(port));
        }
        Path log = logs.resolve(peer.label().replaceAll("[^A-Za-z0-9-]+", "-") + ".log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Server server = new Server(process, port);
        try {
            server.awaitListening(log);
            if (peer.ioUring() && server.descriptors("anon_inode:[io_uring]") == 0) {
                throw new IOException("the server does not use io_uring: is it forbidden here? See " + log);
            }
        } catch (IOException | InterruptedException | RuntimeException ex) {
            server.close();
            throw ex;
        }
        return server;
    }

    /** Below the ports that the client's own connections take, and seldom one that another harness is about to take. */
    static int freePort() throws IOException {
        for (int port = 20_000 + ThreadLocalRandom.current().nextInt(6_000); port < 32_000; port += 7) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                return port;
            } catch (IOException taken) {
                // The next one.
            }
        }
        throw new IOException("no free port");
    }

    private void awaitListening(Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(180);
        while (System.nanoTime() < deadline && this.process.isAlive()) {
            try (Socket socket = new Socket()) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), this.port), 500);
                return;
            } catch (IOException notYet) {
                this.process.waitFor(100, TimeUnit.MILLISECONDS);
            }
        }
        throw new IOException("the server did not start, see " + log);
    }

    int port() {
        return this.port;
    }

    long pid() {
        return this.process.pid();
    }

    boolean isAlive() {
        return this.process.isAlive();
    }

    /** Sockets that the process has open. */
    long sockets() throws IOException {
        return descriptors("socket:");
    }

    private long descriptors(String kind) throws IOException {
        long descriptors = 0;
        try (DirectoryStream<Path> open = Files.newDirectoryStream(Path.of("/proc", String.valueOf(pid()), "fd"))) {
            for (Path descriptor : open) {
                try {
                    descriptors += Files.readSymbolicLink(descriptor).toString().startsWith(kind) ? 1 : 0;
                } catch (IOException closedMeanwhile) {
                    // Not open.
                }
            }
        }
        return descriptors;
    }

    /** Resident bytes of the process. */
    long resident() throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc", String.valueOf(pid()), "status"))) {
            if (line.startsWith("VmRSS:")) {
                return Long.parseLong(line.replaceAll("\\D+", "")) << 10;
            }
        }
        throw new IOException("the server has ended");
    }

    /**
     * What a counter has counted, as the actuator gives it; 0 if it is not there yet.
     *
     * @param meter its name and query
     */
    long counted(String meter) throws IOException, InterruptedException {
        HttpResponse<String> response = metric(meter);
        return response.statusCode() == 404 ? 0 : value(response);
    }

    /**
     * The value of a gauge, as the actuator gives it.
     *
     * @throws IOException if there is none: that is not 0
     */
    long gauge(String meter) throws IOException, InterruptedException {
        HttpResponse<String> response = metric(meter);
        if (response.statusCode() != 200) {
            throw new IOException("no meter " + meter + ": " + response.statusCode());
        }
        return value(response);
    }

    /** Waits until the product has noticed that everybody is gone: Tomcat does when it next writes to a stream. */
    void awaitNobody() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (gauge("realtime.connections") > 0) {
            if (System.nanoTime() > deadline) {
                throw new IOException("connections that are gone are still there");
            }
            this.process.waitFor(200, TimeUnit.MILLISECONDS);
        }
    }

    /** Waits until the product's backplane can be read and written; until then joins are refused. */
    void awaitHealthy() throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        HttpResponse<String> health = actuator("health");
        while (health.statusCode() != 200) {
            if (System.nanoTime() > deadline) {
                throw new IOException("the node does not become healthy: " + health.body());
            }
            this.process.waitFor(200, TimeUnit.MILLISECONDS);
            health = actuator("health");
        }
    }

    private HttpResponse<String> metric(String meter) throws IOException, InterruptedException {
        return actuator("metrics/" + meter);
    }

    private HttpResponse<String> actuator(String path) throws IOException, InterruptedException {
        return HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + this.port + "/actuator/" + path))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
    }

    private static long value(HttpResponse<String> response) {
        return JsonMapper.shared()
                .readTree(response.body())
                .at("/measurements/0/value")
                .asLong();
    }

    /** Bytes of live objects of a JVM, after two full collections. */
    long liveHeap() throws IOException, InterruptedException {
        jcmd("GC.run");
        jcmd("GC.run");
        Matcher total = TOTAL.matcher(jcmd("GC.class_histogram"));
        if (!total.find()) {
            throw new IOException("jcmd gave no histogram");
        }
        return Long.parseLong(total.group(1));
    }

    private String jcmd(String command) throws IOException, InterruptedException {
        Process jcmd = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(pid()),
                        command)
                .redirectErrorStream(true)
                .start();
        String output = new String(jcmd.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        jcmd.waitFor();
        return output;
    }

    @Override
    public void close() {
        this.process.destroyForcibly();
        try {
            this.process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
        }
    }
}
