package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.LoadClient.Session;
import io.github.realtimespring.benchmarks.load.Turns.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The way from one node to another through Redis, at 1,000 messages a second: who publishes is in the room on the first node,
 * one more member on the second. What the way adds is the difference of their latencies for the same messages.
 */
final class Hop {

    private static final int PAIRS = 4;

    private static final String PHASE = "1000:200:5";

    /** The closed loop and the fixed rate after it: two JVMs that share a core compile for more than a minute. */
    private static final List<String> WARM_UP = List.of("w8:200:30", "1000:200:45");

    private static final List<String> KEPT = List.of(
            "--set", "publish={\"type\":\"publish\",\"room\":\"%ROOM%\",\"event\":\"kept\",\"data\":%PAYLOAD%}");

    private final Bench bench;

    Hop(Bench bench) {
        this.bench = bench;
    }

    /**
     * Of one product, one series for each repetition, whose references are Socket.IO's.
     *
     * @param kept the same with recoverable events
     */
    private record Comparison(Peer product, List<Series> standard, List<Series> kept) {}

    /** @param products the product on each of its servers */
    void run(List<Peer> products) throws IOException, InterruptedException {
        List<Comparison> comparisons = new ArrayList<>();
        for (Peer product : products) {
            Comparison comparison = new Comparison(product, new ArrayList<>(), new ArrayList<>());
            comparisons.add(comparison);
            for (int i = 0; i < this.bench.repetitions(); i++) {
                measure(comparison);
                this.bench.report().replace("hop", table(comparisons));
            }
        }
    }

    private void measure(Comparison comparison) throws IOException, InterruptedException {
        LoadClient client = this.bench.client();
        try (Cluster socketIo = Cluster.start(this.bench, port -> Peer.SOCKET_IO_REDIS.with(String.valueOf(port)));
                Cluster product = Cluster.start(
                        this.bench,
                        port -> comparison
                                .product()
                                .onRedis(port)
                                .with(
                                        "--realtime.events.kept.delivery=recoverable",
                                        "--realtime.inbound.mailbox=100000"));
                Session reference = socketIo.hop(client, "bench", List.of());
                Session standard = product.hop(client, "bench", List.of());
                Session kept = product.hop(client, "kept", KEPT)) {
            for (Session session : List.of(reference, standard, kept)) {
                for (String phase : WARM_UP) {
                    session.measure(phase);
                }
            }
            comparison.standard().add(Turns.measure(reference, PHASE, standard, PHASE, PAIRS));
            comparison.kept().add(Turns.measure(reference, PHASE, kept, PHASE, PAIRS));
        }
    }

    private static double added(Result result) {
        return result.number("p50") - result.number("own50");
    }

    /** Of all three processes, in microseconds. */
    private static double cpu(Result result) {
        return result.cpu() * result.number("deliv_s") / result.number("pub_s");
    }

    private String table(List<Comparison> comparisons) {
        StringBuilder text = new StringBuilder("""
                | server | events | added p50 (ms) | less Socket.IO's, pair by pair | p50 on the publisher's node | p50 on the other node | p99 | CPU per message (µs) | × Socket.IO's, pair by pair | valid pairs | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Comparison comparison : comparisons) {
            String label = "**" + comparison.product().label() + "**";
            product(text, label, "STANDARD", comparison.standard());
            product(text, label, "RECOVERABLE", comparison.kept());
        }
        List<Result> references = comparisons.stream()
                .flatMap(comparison -> List.of(comparison.standard(), comparison.kept()).stream())
                .flatMap(List::stream)
                .flatMap(series -> series.references().stream())
                .toList();
        row(text, Peer.SOCKET_IO_REDIS.label(), "—", references, "", "1", "");
        return text.toString();
    }

    private static void product(StringBuilder text, String label, String events, List<Series> series) {
        List<Double> ratios =
                series.stream().flatMap(one -> one.ratios(Hop::cpu).stream()).toList();
        row(
                text,
                label,
                events,
                series.stream().flatMap(one -> one.candidates().stream()).toList(),
                new Samples(series.stream()
                                .flatMap(one -> one.differences(Hop::added).stream())
                                .toList())
                        .text(2),
                new Samples(ratios).text(2),
                ratios.size() + " of " + PAIRS * series.size());
    }

    private static void row(
            StringBuilder text,
            String label,
            String events,
            List<Result> results,
            String less,
            String ratio,
            String pairs) {
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s | %s | %s | %s | %s | %s |%n",
                label,
                events,
                Samples.of(results, Hop::added).text(2),
                less,
                Samples.of(results, result -> result.number("own50")).text(2),
                Samples.of(results, result -> result.number("p50")).text(2),
                Samples.of(results, result -> result.number("p99")).text(1),
                Samples.of(results, Hop::cpu).text(0),
                ratio,
                pairs,
                Result.flaws(results)));
    }
}
