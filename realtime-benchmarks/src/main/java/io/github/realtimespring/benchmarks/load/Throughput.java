package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.Turns.Contender;
import io.github.realtimespring.benchmarks.load.Turns.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.stream.Stream;

/** 1,000 members of one room, 200 bytes: a fixed rate of 20 messages a second, and a closed loop with 4 outstanding. */
final class Throughput {

    private static final int PAIRS = 4;

    private static final List<String> LOAD = List.of("--conns", "1000");

    private final Bench bench;
    private final Peer product;
    private final String name;

    Throughput(Bench bench) {
        this(bench, Peer.PRODUCT, "throughput");
    }

    /**
     * @param product what is measured beside the references
     * @param name where the table and the chart go
     */
    Throughput(Bench bench, Peer product, String name) {
        this.bench = bench;
        this.product = product;
        this.name = name;
    }

    /** The product beside one reference, one series for each repetition. */
    record Comparison(Peer reference, List<Series> fixed, List<Series> loop) {

        List<Result> references(Function<Comparison, List<Series>> load) {
            return load.apply(this).stream()
                    .flatMap(series -> series.references().stream())
                    .toList();
        }

        List<Result> products(Function<Comparison, List<Series>> load) {
            return load.apply(this).stream()
                    .flatMap(series -> series.candidates().stream())
                    .toList();
        }

        Samples ratios(Function<Comparison, List<Series>> load) {
            return new Samples(load.apply(this).stream()
                    .flatMap(series -> series.ratios(Result::cpu).stream())
                    .toList());
        }
    }

    void run(List<Peer> references) throws IOException, InterruptedException {
        List<Comparison> comparisons = new ArrayList<>();
        for (Peer reference : references) {
            Comparison comparison = new Comparison(reference, new ArrayList<>(), new ArrayList<>());
            comparisons.add(comparison);
            for (int i = 0; i < this.bench.repetitions(); i++) {
                measure(comparison);
                this.bench.report().replace(this.name, table(comparisons));
            }
        }
        if (this.product == Peer.PRODUCT) {
            Chart.write(this.bench.report().image("throughput.svg"), comparisons);
        }
    }

    private void measure(Comparison comparison) throws IOException, InterruptedException {
        try (Turns turns = Turns.start(
                this.bench,
                new Contender(comparison.reference(), "-Xmx512m", LOAD),
                new Contender(this.product, "-Xmx512m", LOAD))) {
            turns.warmUp("w2:200:10", "w2:200:10");
            turns.warmUp("20:200:20", "20:200:20");
            comparison.fixed().add(turns.measure("20:200:5", "20:200:5", PAIRS));
            comparison.loop().add(turns.measure("w4:200:3", "w4:200:3", PAIRS));
        }
    }

    private String table(List<Comparison> comparisons) {
        StringBuilder text = new StringBuilder("""
                Medians and ranges of all runs; CPU in µs of the server for each delivery, latency in ms from publish to receipt.

                | server | CPU at 20/s | latency p50 | p99 | CPU in the closed loop | deliveries/s | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- |
                """);
        row(
                text,
                "**" + this.product.label() + "**",
                all(comparisons, comparison -> comparison.products(Comparison::fixed)),
                all(comparisons, comparison -> comparison.products(Comparison::loop)));
        for (Comparison comparison : comparisons) {
            row(
                    text,
                    comparison.reference().label(),
                    comparison.references(Comparison::fixed),
                    comparison.references(Comparison::loop));
        }
        text.append("""

                The product's CPU per delivery as a multiple of each neighbour's, pair by pair (pairs whose neighbours differ by more than 20 % are left out):

                | against | at 20/s | closed loop | valid pairs |
                | --- | --- | --- | --- |
                """);
        for (Comparison comparison : comparisons) {
            Samples fixed = comparison.ratios(Comparison::fixed);
            Samples loop = comparison.ratios(Comparison::loop);
            text.append(String.format(
                    "| %s | %s | %s | %d and %d of %d |%n",
                    comparison.reference().label(),
                    fixed.text(2),
                    loop.text(2),
                    fixed.values().size(),
                    loop.values().size(),
                    comparison.fixed().size() * PAIRS));
        }
        return text.toString();
    }

    static List<Result> all(List<Comparison> comparisons, Function<Comparison, List<Result>> results) {
        return comparisons.stream()
                .flatMap(comparison -> results.apply(comparison).stream())
                .toList();
    }

    private static void row(StringBuilder text, String label, List<Result> fixed, List<Result> loop) {
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s | %s |%n",
                label,
                Samples.of(fixed, Result::cpu).text(1),
                Samples.of(fixed, result -> result.number("p50")).text(1),
                Samples.of(fixed, result -> result.number("p99")).text(1),
                Samples.of(loop, Result::cpu).text(1),
                Samples.of(loop, result -> result.number("deliv_s")).text(0),
                Result.flaws(Stream.concat(fixed.stream(), loop.stream()).toList())));
    }
}
