package io.github.realtimespring.benchmarks.jmh;

import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.util.Statistics;

/** Results as tables in Markdown: median (range) of the iterations, and the ratios that have a bound. */
final class MicroTables {

    private final Map<String, Statistics> results = new TreeMap<>();
    private final FairnessRun.@Nullable Result fairness;

    MicroTables(Collection<RunResult> results, FairnessRun.@Nullable Result fairness) {
        this.fairness = fairness;
        for (RunResult result : results) {
            this.results.put(name(result.getParams()), result.getPrimaryResult().getStatistics());
        }
    }

    /** {@code RegistryBenchmark.cleanSnapshot} or {@code FanoutBenchmark.deliveryByRooms:100}. */
    private static String name(BenchmarkParams params) {
        String[] parts = params.getBenchmark().split("\\.", -1);
        StringBuilder name = new StringBuilder(parts[parts.length - 2] + "." + parts[parts.length - 1]);
        for (String key : params.getParamsKeys()) {
            name.append(':').append(params.getParam(key));
        }
        return name.toString();
    }

    String product() {
        StringBuilder text = new StringBuilder();
        text.append(
                "| registry | product | `ConcurrentHashMap` sets | ratio | bound |\n| --- | --- | --- | --- | --- |\n");
        compare(text, "leave and join", "RegistryBenchmark.joinAndLeave", "≤ 0.6");
        compare(text, "dirty snapshot of 100,000", "RegistryBenchmark.dirtySnapshot", "≤ 0.02");
        compare(text, "clean snapshot of 100,000", "RegistryBenchmark.cleanSnapshot", "free");

        text.append("\n| one connection | |\n| --- | --- |\n");
        row(text, "queue: offer, wake, poll, written", "QueueBenchmark.offerPollWritten");
        row(text, "queue: coalesce behind 100 frames", "QueueBenchmark.coalesce");
        row(text, "queue: full, event dropped", "QueueBenchmark.refuse");
        row(text, "codec: object to payload, 200 B", "CodecBenchmark.payload");
        row(text, "codec: event to frame, once per event", "CodecBenchmark.encode");
        row(text, "codec: read a client's publish", "CodecBenchmark.read");

        text.append("\n| fanout, stub transports | | growth | bound |\n| --- | --- | --- | --- |\n");
        row(text, "publish to a single member, until its receipt", "FanoutBenchmark.publishToSingleMember");
        grow(text, "delivery, room of %s", "FanoutBenchmark.deliveryByMembers", "100", "1000", "10000");
        grow(text, "delivery, %s rooms of 100", "FanoutBenchmark.deliveryByRooms", "1", "100", "1000");
        handOver(text);
        fairness(text);
        return text.toString();
    }

    String structures() {
        StringBuilder text = new StringBuilder();
        text.append(
                "| structure | members | leave and join | dirty snapshot | clean snapshot | read all | B per member |\n");
        text.append("| --- | --- | --- | --- | --- | --- | --- |\n");
        for (String size : StructureBenchmark.SIZES) {
            int members = Integer.parseInt(size);
            for (String structure : StructureBenchmark.ALL) {
                text.append(String.format(Locale.ROOT, "| %s | %,d", structure, members));
                for (String benchmark : StructureBenchmark.COLUMNS) {
                    // JMH orders parameters by their names.
                    text.append(" | ")
                            .append(cell(this.results.get(
                                    "StructureBenchmark." + benchmark + ":" + size + ":" + structure)));
                }
                text.append(String.format(
                        Locale.ROOT,
                        " | %s |\n",
                        members < 1_000
                                ? ""
                                : String.format(
                                        Locale.ROOT, "%.1f", StructureBenchmark.bytesPerMember(structure, members))));
            }
        }
        text.append("\n| recipient, 10,000 members | |\n| --- | --- |\n");
        for (String order : List.of("joined", "shuffled")) {
            row(text, "look up by id, " + order, "LookupBenchmark.byId:" + order);
            row(text, "read the field, " + order, "LookupBenchmark.byField:" + order);
            row(text, "look up by id and deliver, " + order, "LookupBenchmark.deliverById:" + order);
            row(text, "read the field and deliver, " + order, "LookupBenchmark.deliverByField:" + order);
        }
        return text.toString();
    }

    private void compare(StringBuilder text, String label, String name, String bound) {
        Statistics product = this.results.get(name);
        Statistics sets = this.results.get(name + "OfSets");
        if (product != null && sets != null) {
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s | %s |\n",
                    label,
                    cell(product),
                    cell(sets),
                    ratio(median(product) / median(sets)),
                    bound));
        }
    }

    private void row(StringBuilder text, String label, String name) {
        Statistics statistics = this.results.get(name);
        if (statistics != null) {
            text.append(String.format(Locale.ROOT, "| %s | %s |\n", label, cell(statistics)));
        }
    }

    private void grow(StringBuilder text, String label, String name, String... sizes) {
        Statistics smallest = this.results.get(name + ":" + sizes[0]);
        for (String size : sizes) {
            Statistics statistics = this.results.get(name + ":" + size);
            if (smallest == null || statistics == null) {
                continue;
            }
            String growth = statistics == smallest ? "" : ratio(median(statistics) / median(smallest));
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %s | %s | %s |\n",
                    String.format(Locale.ROOT, label, String.format(Locale.ROOT, "%,d", Integer.parseInt(size))),
                    cell(statistics),
                    growth,
                    growth.isEmpty() ? "" : "≤ 1.5"));
        }
    }

    private void handOver(StringBuilder text) {
        Statistics small = this.results.get("FanoutBenchmark.passByTurnSize:1");
        Statistics large = this.results.get("FanoutBenchmark.passByTurnSize:500");
        if (small != null && large != null) {
            text.append(String.format(
                    Locale.ROOT,
                    "| hand-over between two turns | %s | | |\n",
                    time((median(small) - median(large)) / 998)));
        }
    }

    private void fairness(StringBuilder text) {
        FairnessRun.Result run = this.fairness;
        if (run == null) {
            return;
        }
        text.append("\n| room of one member | median | p99 | longest | bound |\n| --- | --- | --- | --- | --- |\n");
        delay(text, "alone", run.alone(), "");
        delay(
                text,
                String.format(Locale.ROOT, "behind passes over 100,000 members (one takes %.0f ms)", run.passMillis()),
                run.behind(),
                "");
        text.append(String.format(Locale.ROOT, "| added | %.2f ms | | | ≤ 20 ms |\n", run.addedMedian()));
        text.append(String.format(
                Locale.ROOT,
                "\nHeartbeats every %d ms, looked for every %d ms: none of 100,001 connections was without one for longer than %.0f ms meanwhile.\n",
                run.heartbeatMillis(),
                run.visitMillis(),
                run.longestGapMillis()));
    }

    private static void delay(StringBuilder text, String label, FairnessRun.Delay delay, String bound) {
        text.append(String.format(
                Locale.ROOT,
                "| %s | %.2f ms | %.2f ms | %.2f ms | %s |\n",
                label,
                delay.median(),
                delay.p99(),
                delay.longest(),
                bound));
    }

    private static double median(Statistics statistics) {
        return statistics.getPercentile(50);
    }

    private static String cell(@Nullable Statistics statistics) {
        return statistics == null
                ? "—"
                : String.format(
                        Locale.ROOT,
                        "%s (%s–%s)",
                        time(median(statistics)),
                        time(statistics.getMin()),
                        time(statistics.getMax()));
    }

    private static String time(double nanos) {
        if (nanos < 1_000) {
            return String.format(Locale.ROOT, nanos < 10 ? "%.1f ns" : "%.0f ns", nanos);
        }
        return nanos < 1_000_000
                ? String.format(Locale.ROOT, "%.1f µs", nanos / 1e3)
                : String.format(Locale.ROOT, "%.2f ms", nanos / 1e6);
    }

    private static String ratio(double ratio) {
        return String.format(Locale.ROOT, ratio < 0.1 ? "%.5f" : "%.2f", ratio);
    }
}
