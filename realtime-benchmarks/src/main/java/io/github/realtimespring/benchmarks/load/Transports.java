package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.Turns.Contender;
import io.github.realtimespring.benchmarks.load.Turns.Series;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** The same room of 1,000 members over WebSocket, event streams and long polls: two servers of one kind, in turns. */
final class Transports {

    private static final int PAIRS = 3;

    private static final List<String> LOAD = List.of("--conns", "1000");

    private static final String FIXED = "20:200:5";

    private static final String LOOP = "w4:200:3";

    private final Bench bench;

    Transports(Bench bench) {
        this.bench = bench;
    }

    /**
     * @param products the product on each of its servers
     * @param transports what is compared to WebSocket
     */
    void run(List<Peer> products, List<Transport> transports) throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | server | transport | CPU at 20/s (µs) | × WebSocket | CPU in the closed loop (µs) | × WebSocket | p99 at 20/s (ms) | lost, doubled, reordered |
                | --- | --- | --- | --- | --- | --- | --- | --- |
                """);
        for (Peer product : products) {
            List<Result> fixed = new ArrayList<>();
            List<Result> loop = new ArrayList<>();
            StringBuilder rows = new StringBuilder();
            StringBuilder before = text;
            for (Transport transport : transports) {
                List<Series> fixedSeries = new ArrayList<>();
                List<Series> loopSeries = new ArrayList<>();
                for (int i = 0; i < this.bench.repetitions(); i++) {
                    measure(product, transport, fixedSeries, loopSeries);
                }
                row(
                        rows,
                        product,
                        transport,
                        candidates(fixedSeries),
                        ratios(fixedSeries),
                        candidates(loopSeries),
                        ratios(loopSeries));
                fixedSeries.forEach(series -> fixed.addAll(series.references()));
                loopSeries.forEach(series -> loop.addAll(series.references()));
                text = new StringBuilder(before);
                row(text, product, Transport.WEBSOCKET, fixed, "1", loop, "1");
                text.append(rows);
                this.bench.report().replace("transports", text.toString());
            }
        }
    }

    private void measure(Peer product, Transport transport, List<Series> fixed, List<Series> loop)
            throws IOException, InterruptedException {
        try (Turns turns = Turns.start(
                this.bench,
                new Contender(product, "-Xmx512m", LOAD),
                new Contender(transport.of(product), "-Xmx512m", LOAD))) {
            turns.warmUp("w2:200:10", "w2:200:10");
            turns.warmUp("20:200:15", "20:200:15");
            fixed.add(turns.measure(FIXED, FIXED, PAIRS));
            loop.add(turns.measure(LOOP, LOOP, PAIRS));
        }
    }

    private static List<Result> candidates(List<Series> series) {
        return series.stream().flatMap(one -> one.candidates().stream()).toList();
    }

    private static String ratios(List<Series> series) {
        List<Double> ratios =
                series.stream().flatMap(one -> one.ratios(Result::cpu).stream()).toList();
        return new Samples(ratios).text(2) + ", " + ratios.size() + " of " + PAIRS * series.size();
    }

    private static void row(
            StringBuilder text,
            Peer product,
            Transport transport,
            List<Result> fixed,
            String fixedRatio,
            List<Result> loop,
            String loopRatio) {
        text.append(String.format(
                Locale.ROOT,
                "| %s | %s | %s | %s | %s | %s | %s | %s |%n",
                product.label(),
                transport.label(),
                Samples.of(fixed, Result::cpu).text(1),
                fixedRatio,
                Samples.of(loop, Result::cpu).text(1),
                loopRatio,
                Samples.of(fixed, result -> result.number("p99")).text(1),
                Result.flaws(Stream.concat(fixed.stream(), loop.stream()).toList())));
    }
}
