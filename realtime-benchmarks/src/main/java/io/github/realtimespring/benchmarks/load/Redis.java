package io.github.realtimespring.benchmarks.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A Redis that keeps nothing on disk, pinned to the first core. */
final class Redis implements AutoCloseable {

    private final Process process;
    private final int port;

    private Redis(Process process, int port) {
        this.process = process;
        this.port = port;
    }

    /** Starts the one that the build has unpacked, and waits until it answers. */
    static Redis start(Path logs) throws IOException, InterruptedException {
        int port = Server.freePort();
        String arch = System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64";
        Path program = Path.of("target", "redis-server", "redis-server-7.0.15-linux-" + arch);
        if (!program.toFile().setExecutable(true)) {
            throw new IOException("no " + program);
        }
        Path log = logs.resolve("redis-" + port + ".log");
        Process process = new ProcessBuilder(
                        "taskset",
                        "-c",
                        "0",
                        program.toString(),
                        "--port",
                        String.valueOf(port),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no")
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        Redis redis = new Redis(process, port);
        try {
            redis.awaitAnswer(log);
        } catch (IOException | InterruptedException | RuntimeException ex) {
            redis.close();
            throw ex;
        }
        return redis;
    }

    private void awaitAnswer(Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (System.nanoTime() < deadline && this.process.isAlive()) {
            try {
                if (ask("PING").equals("+PONG")) {
                    return;
                }
            } catch (IOException notYet) {
                // Once more.
            }
            this.process.waitFor(20, TimeUnit.MILLISECONDS);
        }
        throw new IOException("Redis did not start, see " + log);
    }

    int port() {
        return this.port;
    }

    long pid() {
        return this.process.pid();
    }

    /** Connections that it has, without the one that asks. */
    long connections() throws IOException {
        // A bulk string: its length, then a line for each connection.
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port)) {
            BufferedReader answer = send(socket, "CLIENT LIST");
            char[] list = new char[Integer.parseInt(answer.readLine().substring(1))];
            for (int read = 0; read < list.length; ) {
                int more = answer.read(list, read, list.length - read);
                if (more < 0) {
                    throw new IOException("Redis closed the connection");
                }
                read += more;
            }
            return new String(list).lines().count() - 1;
        }
    }

    private String ask(String command) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), this.port)) {
            return String.valueOf(send(socket, command).readLine());
        }
    }

    private static BufferedReader send(Socket socket, String command) throws IOException {
        socket.setSoTimeout(5_000);
        socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.US_ASCII));
        return new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
    }

    @Override
    public void close() {
        this.process.destroyForcibly();
    }
}
