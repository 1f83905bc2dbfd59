package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a delivery costs as rooms and members grow, at the same number of deliveries a second. */
final class Growth {

    /** One step: the smallest of a group is the one the others are compared to. */
    private record Step(String label, int connections, int rooms, String phase, boolean first) {}

    private static final List<Step> STEPS = List.of(
            new Step("1 room of 100", 100, 1, "200:200:6", true),
            new Step("1 room of 1,000", 1_000, 1, "20:200:6", false),
            new Step("1 room of 10,000", 10_000, 1, "2:200:6", false),
            new Step("1 room of 10", 10, 1, "300:200:6", true),
            new Step("100 rooms of 10", 1_000, 100, "300:200:6", false),
            new Step("1,000 rooms of 10", 10_000, 1_000, "300:200:6", false));

    /** 10,000 connections hold 700 MB. */
    private static final String HEAP = "-Xmx2g";

    private final Bench bench;

    Growth(Bench bench) {
        this.bench = bench;
    }

    void run() throws IOException, InterruptedException {
        StringBuilder text = new StringBuilder("""
                | members | deliveries/s | CPU per delivery (µs) | × the first of its group | lost, doubled or reordered |
                | --- | --- | --- | --- | --- |
                """);
        List<List<Result>> runs = new ArrayList<>();
        STEPS.forEach(step -> runs.add(new ArrayList<>()));
        for (int i = 0; i < Math.min(3, this.bench.repetitions()); i++) {
            for (int step = 0; step < STEPS.size(); step++) {
                runs.get(step).add(measure(STEPS.get(step)));
            }
        }
        double base = 1;
        for (int i = 0; i < STEPS.size(); i++) {
            Samples cpu = new Samples(runs.get(i).stream().map(Result::cpu).toList());
            Samples rate = new Samples(
                    runs.get(i).stream().map(run -> run.number("deliv_s")).toList());
            if (STEPS.get(i).first()) {
                base = cpu.median();
            }
            text.append(String.format(
                    Locale.ROOT,
                    "| %s | %.0f | %s | %.2f | %s |%n",
                    STEPS.get(i).label(),
                    rate.median(),
                    cpu.text(1),
                    cpu.median() / base,
                    runs.get(i).stream().allMatch(Result::flawless) ? "none" : "**some**"));
        }
        this.bench.report().replace("growth", text.toString());
    }

    private Result measure(Step step) throws IOException, InterruptedException {
        try (Server server = Server.start(Peer.PRODUCT, this.bench.logs(), HEAP)) {
            return this.bench
                    .client()
                    .run(
                            server,
                            Peer.PRODUCT,
                            "--conns",
                            String.valueOf(step.connections()),
                            "--rooms",
                            String.valueOf(step.rooms()),
                            "--phases",
                            step.phase(),
                            "--warmup",
                            "15",
                            "--warm-window",
                            "2")
                    .get(0);
        }
    }
}
