package io.github.realtimespring.benchmarks.load;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs fanbench, pinned to the second core, and reads what it measured. */
final class LoadClient {

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Path executable;

    LoadClient(Path executable) {
        this.executable = executable;
    }

    /** What one phase measured: the fields of fanbench's {@code --json}. */
    record Result(JsonNode fields) {

        double number(String field) {
            return this.fields.path(field).asDouble();
        }

        /** Microseconds of server CPU per delivery. */
        double cpu() {
            return number("cpu_us");
        }

        long lost() {
            return (long) (number("missing") + number("undelivered"));
        }

        /** A complete and ordered run. */
        boolean flawless() {
            return lost() == 0 && number("dups") == 0 && number("reordered") == 0;
        }

        /** Lost, doubled and reordered deliveries of all runs, such as {@code 0, 0, 0}. */
        static String flaws(List<Result> results) {
            return String.format(
                    Locale.ROOT,
                    "%d, %.0f, %.0f",
                    results.stream().mapToLong(Result::lost).sum(),
                    results.stream()
                            .mapToDouble(result -> result.number("dups"))
                            .sum(),
                    results.stream()
                            .mapToDouble(result -> result.number("reordered"))
                            .sum());
        }
    }

    /**
     * @param arguments of fanbench
     * @return one result for each phase
     */
    List<Result> run(Server server, Peer peer, String... arguments) throws IOException, InterruptedException {
        Path json = Files.createTempFile("fanbench", ".jsonl");
        return results(start(server, peer, json, arguments), json);
    }

    /** A small room takes thousands of messages a second: what runs once for a message is compiled too. */
    void warmUp(Server server, Peer peer) throws IOException {
        try (Session few = open(server, peer, List.of("--conns", "10", "--room", "warm"))) {
            few.measure("w8:200:12");
        }
    }

    /** Connections that join and then are idle for {@code seconds}, until the process is destroyed. */
    Process idle(Server server, Peer peer, int connections, int seconds) throws IOException {
        return start(
                server,
                peer,
                Path.of("/dev/null"),
                "--conns",
                String.valueOf(connections),
                "--settle",
                "2",
                "--idle",
                String.valueOf(seconds));
    }

    private Process start(Server server, Peer peer, Path json, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("taskset", "-c", "1", this.executable.toString()));
        command.addAll(peer.client());
        command.addAll(List.of(
                "--url",
                "ws://127.0.0.1:" + server.port(),
                "--pid",
                String.valueOf(server.pid()),
                "--label",
                peer.label(),
                "--quiet",
                "--json",
                json.toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /**
     * Opens and joins the connections, which then rest until a phase is asked for.
     *
     * @param arguments of fanbench
     */
    Session open(Server server, Peer peer, List<String> arguments) throws IOException {
        List<String> all = new ArrayList<>(arguments);
        all.addAll(List.of("--phases", "-", "--warmup", "1"));
        return new Session(start(server, peer, Path.of("/dev/stdout"), all.toArray(new String[0])));
    }

    /** Connections that stay, measured phase by phase. */
    static final class Session implements AutoCloseable {

        private final Process process;
        private final BufferedReader output;
        private final Writer input;

        private Session(Process process) {
            this.process = process;
            this.output = process.inputReader(StandardCharsets.UTF_8);
            this.input = process.outputWriter(StandardCharsets.UTF_8);
        }

        /** Blocks until the phase, such as {@code 20:200:5} or {@code w4:200:4}, is over. */
        Result measure(String phase) throws IOException {
            this.input.write(phase + "\n");
            this.input.flush();
            StringBuilder said = new StringBuilder();
            for (String line = this.output.readLine(); line != null; line = this.output.readLine()) {
                if (line.startsWith("{")) {
                    return new Result(JSON.readTree(line));
                }
                System.out.println(line);
                said.append(line).append('\n');
            }
            throw new IOException("the load client measured nothing: " + said);
        }

        @Override
        public void close() {
            this.process.destroyForcibly();
        }
    }

    private static List<Result> results(Process process, Path json) throws IOException, InterruptedException {
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(5, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("the load client does not end");
        }
        System.out.print(output);
        List<Result> results = Files.readAllLines(json).stream()
                .map(line -> new Result(JSON.readTree(line)))
                .toList();
        Files.delete(json);
        if (results.isEmpty()) {
            throw new IOException("the load client measured nothing: " + output.strip());
        }
        return results;
    }
}
