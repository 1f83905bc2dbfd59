package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.LoadClient.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * 1,000 rooms on each of two nodes that share a Redis: ten connections join them all, in the same order, each join after the
 * answer to the one before. The first member of a room on a node makes it subscribe, and everybody waits for that.
 */
final class Joins {

    private static final List<String> LOAD = List.of("--conns", "10", "--rooms", "1000", "--join-all");

    /** Times 10,000 joins on each node. */
    private static final int WARM_UP = 3;

    private final Bench bench;

    Joins(Bench bench) {
        this.bench = bench;
    }

    /**
     * One repetition.
     *
     * @param before connections to Redis without rooms
     * @param after the same with all of them
     */
    private record Run(Result first, Result second, long before, long after) {}

    /** @param products the product on each of its servers */
    void run(List<Peer> products) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | joins | wait p50 (ms) | p99 | longest | connections to Redis without rooms | with 1,000 on each node |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer product : products) {
            List<Run> runs = new ArrayList<>();
            for (int i = 0; i < this.bench.repetitions(); i++) {
                runs.add(measure(product));
            }
            row(text, product, runs);
            this.bench.report().replace("joins", text.toString());
        }
    }

    private Run measure(Peer product) throws IOException, InterruptedException {
        try (Cluster cluster = Cluster.start(
                this.bench, port -> product.onRedis(port).with("--realtime.rooms.max-per-connection=2000"))) {
            long before = cluster.redis().connections();
            for (Server node : List.of(cluster.here(), cluster.there())) {
                // Other rooms each time: those of the last are still subscribed.
                for (int i = 0; i < WARM_UP; i++) {
                    try (Session warm = open(cluster, node, "warm" + i + "-")) {
                        joined(warm);
                    }
                }
            }
            try (Session here = open(cluster, cluster.here(), "room")) {
                Result first = joined(here);
                try (Session there = open(cluster, cluster.there(), "room")) {
                    Result second = joined(there);
                    return new Run(first, second, before, cluster.redis().connections());
                }
            }
        }
    }

    /** Publishes nothing: the load client tells of its joins after a phase. */
    private static Result joined(Session session) throws IOException {
        return session.measure("0:200:1");
    }

    private Session open(Cluster cluster, Server node, String room) throws IOException {
        List<String> load = new ArrayList<>(LOAD);
        load.addAll(List.of("--room", room));
        return this.bench.client().open(node, cluster.peer(), load);
    }

    private static void row(StringBuilder text, Peer product, List<Run> runs) {
        List<Result> results = new ArrayList<>();
        for (Run run : runs) {
            results.addAll(List.of(run.first(), run.second()));
        }
        text.append(String.format(
                Locale.ROOT,
                "| %s | %.0f | %s | %s | %s | %s | %s |%n",
                product.label(),
                results.stream().mapToDouble(result -> result.number("joins")).sum(),
                milliseconds(results, "join50"),
                milliseconds(results, "join99"),
                milliseconds(results, "join_max"),
                connections(runs.stream().map(Run::before).toList()),
                connections(runs.stream().map(Run::after).toList())));
    }

    private static String milliseconds(List<Result> results, String field) {
        return Samples.of(results, result -> result.number(field)).text(1);
    }

    private static String connections(List<Long> counted) {
        long least = counted.stream().mapToLong(Long::longValue).min().orElse(0);
        long most = counted.stream().mapToLong(Long::longValue).max().orElse(0);
        return least == most ? String.valueOf(most) : least + "–" + most;
    }
}
