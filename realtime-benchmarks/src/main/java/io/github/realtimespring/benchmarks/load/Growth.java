package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.Turns.Contender;
import io.github.realtimespring.benchmarks.load.Turns.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a delivery costs as rooms and members grow, at the same number of deliveries a second. */
final class Growth {

    private static final int PAIRS = 3;

    /** 10,000 connections hold 700 MB. */
    private static final String HEAP = "-Xmx2g";

    /** Publishers catch up in a burst when the machine has paused them. */
    private static final Peer PRODUCT =
            Peer.PRODUCT.with("--realtime.inbound.mailbox=100000", "--realtime.rooms.max-per-connection=2000");

    /**
     * Connections, the rooms that they are in, and the messages a second that make the group's deliveries a second.
     *
     * @param more what the load client is told besides: each connection joins one room, or all of them
     */
    private record Step(Peer peer, String label, int connections, int rooms, int rate, String... more) {

        Contender contender() {
            List<String> load = new ArrayList<>(List.of(
                    "--conns",
                    String.valueOf(this.connections),
                    "--rooms",
                    String.valueOf(this.rooms),
                    "--pub-members"));
            load.addAll(List.of(this.more));
            return new Contender(this.peer, HEAP, load);
        }

        String phase(int seconds) {
            return this.rate + ":200:" + seconds;
        }
    }

    /** The first is the one the others are compared to. Each group has the same sockets in all its steps. */
    private static final List<List<Step>> GROUPS = List.of(
            List.of(
                    new Step(PRODUCT, "10,000 connections in rooms of 100", 10_000, 100, 200),
                    new Step(PRODUCT, "10,000 connections in rooms of 1,000", 10_000, 10, 20),
                    new Step(PRODUCT, "10,000 connections in a room of 10,000", 10_000, 1, 2)),
            List.of(
                    new Step(PRODUCT, "10 connections in 1 room", 10, 1, 2_000),
                    new Step(PRODUCT, "10 connections in 100 rooms", 10, 100, 2_000, "--join-all"),
                    new Step(PRODUCT, "10 connections in 1,000 rooms", 10, 1_000, 2_000, "--join-all")));

    /** Members that bring their own sockets: a hundred that are always warm become ten thousand, for anybody's server. */
    private static final List<List<Step>> SOCKETS = List.of(
            List.of(
                    new Step(PRODUCT, "1 room of 100", 100, 1, 200),
                    new Step(PRODUCT, "1 room of 1,000", 1_000, 1, 20),
                    new Step(PRODUCT, "1 room of 10,000", 10_000, 1, 2)),
            List.of(
                    new Step(Peer.NAIVE, "naive Spring loop, 1 room of 100", 100, 1, 200),
                    new Step(Peer.NAIVE, "naive Spring loop, 1 room of 1,000", 1_000, 1, 20),
                    new Step(Peer.NAIVE, "naive Spring loop, 1 room of 10,000", 10_000, 1, 2)));

    /** Rooms that bring their own sockets. */
    private static final List<List<Step>> CONTROL = List.of(
            List.of(
                    new Step(PRODUCT, "1 room of 10", 10, 1, 2_000),
                    new Step(PRODUCT, "100 rooms of 10", 1_000, 100, 2_000),
                    new Step(PRODUCT, "1,000 rooms of 10", 10_000, 1_000, 2_000)),
            List.of(
                    new Step(Peer.NAIVE, "naive Spring loop, 1 room of 10", 10, 1, 2_000),
                    new Step(Peer.NAIVE, "naive Spring loop, 100 rooms of 10", 1_000, 100, 2_000),
                    new Step(Peer.NAIVE, "naive Spring loop, 1,000 rooms of 10", 10_000, 1_000, 2_000)));

    private final Bench bench;

    Growth(Bench bench) {
        this.bench = bench;
    }

    void run() throws IOException, InterruptedException {
        run("growth", GROUPS);
    }

    void sockets() throws IOException, InterruptedException {
        run("growth sockets", SOCKETS);
    }

    void control() throws IOException, InterruptedException {
        run("growth control", CONTROL);
    }

    private void run(String table, List<List<Step>> groups) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | members | deliveries/s | CPU per delivery (µs) | of it system time | × the first of its group, pair by pair | valid pairs | lost, doubled or reordered |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        StringBuilder before = text;
        for (List<Step> group : groups) {
            List<Result> firsts = new ArrayList<>();
            StringBuilder rows = new StringBuilder();
            for (Step step : group.subList(1, group.size())) {
                List<Series> series = new ArrayList<>();
                for (int i = 0; i < Math.min(3, this.bench.repetitions()); i++) {
                    series.add(measure(group.get(0), step));
                }
                List<Result> results = new ArrayList<>();
                List<Double> ratios = new ArrayList<>();
                for (Series one : series) {
                    firsts.addAll(one.references());
                    results.addAll(one.candidates());
                    ratios.addAll(one.ratios(Result::cpu));
                }
                row(rows, step, results, new Samples(ratios).text(2), ratios.size() + " of " + PAIRS * series.size());
                text = new StringBuilder(before);
                row(text, group.get(0), firsts, "1", "");
                text.append(rows);
                this.bench.report().replace(table, text.toString());
            }
            before = text;
        }
    }

    private Series measure(Step first, Step step) throws IOException, InterruptedException {
        try (Turns turns = Turns.start(this.bench, first.contender(), step.contender())) {
            turns.warmUp("w2:200:8", "w2:200:8");
            turns.warmUp(first.phase(4), step.phase(4));
            return turns.measure(first.phase(5), step.phase(5), PAIRS);
        }
    }

    private static void row(StringBuilder text, Step step, List<Result> results, String ratio, String pairs) {
        text.append(String.format(
                Locale.ROOT,
                "| %s | %.0f | %s | %s | %s | %s | %s |%n",
                step.label(),
                Samples.of(results, result -> result.number("deliv_s")).median(),
                Samples.of(results, Result::cpu).text(1),
                Samples.of(results, result -> result.number("cpu_sys")).text(1),
                ratio,
                pairs,
                results.stream().allMatch(Result::flawless) ? "none" : "**some**"));
    }
}
