package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.LoadClient.Session;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * Two servers that live at the same time and are measured in turns, reference, candidate, reference and so on, seconds apart:
 * a machine that changes its speed from one minute to the next changes it for both.
 */
final class Turns implements AutoCloseable {

    /** More than this and the machine changed its speed between two measurements of the same. */
    private static final double NEIGHBOURS_DIFFER = 1.20;

    private final Running reference;
    private final Running candidate;

    /**
     * A server and its load.
     *
     * @param heap its {@code -Xmx}
     * @param load what the load client is told: connections, rooms
     */
    record Contender(Peer peer, String heap, List<String> load) {}

    /**
     * What was measured.
     *
     * @param references n + 1 measurements
     * @param candidates n measurements, each between two references
     */
    record Series(List<Result> references, List<Result> candidates) {

        /** Each candidate's figure as a multiple of the mean of its neighbours, without those whose neighbours differ too much. */
        List<Double> ratios(ToDoubleFunction<Result> figure) {
            List<Double> ratios = new ArrayList<>();
            for (int i = 0; i < this.candidates.size(); i++) {
                double before = figure.applyAsDouble(this.references.get(i));
                double after = figure.applyAsDouble(this.references.get(i + 1));
                if (Math.max(before, after) <= NEIGHBOURS_DIFFER * Math.min(before, after)) {
                    ratios.add(figure.applyAsDouble(this.candidates.get(i)) / ((before + after) / 2));
                }
            }
            return ratios;
        }

        /** Each candidate's figure less the mean of its neighbours. */
        List<Double> differences(ToDoubleFunction<Result> figure) {
            List<Double> differences = new ArrayList<>();
            for (int i = 0; i < this.candidates.size(); i++) {
                double before = figure.applyAsDouble(this.references.get(i));
                double after = figure.applyAsDouble(this.references.get(i + 1));
                differences.add(figure.applyAsDouble(this.candidates.get(i)) - (before + after) / 2);
            }
            return differences;
        }
    }

    private record Running(Server server, Session session) implements AutoCloseable {

        static Running start(Bench bench, Contender contender) throws IOException, InterruptedException {
            Server server = Server.start(contender.peer(), bench.logs(), contender.heap());
            try {
                bench.client().warmUp(server, contender.peer());
                return new Running(server, bench.client().open(server, contender.peer(), contender.load()));
            } catch (IOException | RuntimeException ex) {
                server.close();
                throw ex;
            }
        }

        @Override
        public void close() {
            this.session.close();
            this.server.close();
        }
    }

    private Turns(Running reference, Running candidate) {
        this.reference = reference;
        this.candidate = candidate;
    }

    static Turns start(Bench bench, Contender reference, Contender candidate) throws IOException, InterruptedException {
        Running first = Running.start(bench, reference);
        try {
            return new Turns(first, Running.start(bench, candidate));
        } catch (IOException | InterruptedException | RuntimeException ex) {
            first.close();
            throw ex;
        }
    }

    /** Measures nothing: a JVM compiles for a while after the load has changed. */
    void warmUp(String referencePhase, String candidatePhase) throws IOException {
        this.reference.session().measure(referencePhase);
        this.candidate.session().measure(candidatePhase);
    }

    /** Measures {@code pairs} candidates and one reference more. */
    Series measure(String referencePhase, String candidatePhase, int pairs) throws IOException {
        return measure(this.reference.session(), referencePhase, this.candidate.session(), candidatePhase, pairs);
    }

    static Series measure(Session reference, String referencePhase, Session candidate, String candidatePhase, int pairs)
            throws IOException {
        List<Result> references = new ArrayList<>();
        List<Result> candidates = new ArrayList<>();
        references.add(reference.measure(referencePhase));
        for (int i = 0; i < pairs; i++) {
            candidates.add(candidate.measure(candidatePhase));
            references.add(reference.measure(referencePhase));
        }
        return new Series(references, candidates);
    }

    @Override
    public void close() {
        this.reference.close();
        this.candidate.close();
    }
}
