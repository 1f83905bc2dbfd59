package io.github.realtimespring.benchmarks.load;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Repeated measurements of one thing. */
record Samples(List<Double> values) {

    static <R> Samples of(List<R> results, ToDoubleFunction<R> figure) {
        return new Samples(results.stream().map(figure::applyAsDouble).toList());
    }

    double median() {
        double[] sorted = sorted();
        int middle = sorted.length / 2;
        return sorted.length == 0
                ? Double.NaN
                : sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    private double[] sorted() {
        double[] sorted = this.values.stream().mapToDouble(Double::doubleValue).toArray();
        Arrays.sort(sorted);
        return sorted;
    }

    /** Median and range, such as {@code 0.71 (0.68–0.80)}. */
    String text(int decimals) {
        double[] sorted = sorted();
        if (sorted.length == 0) {
            return "—";
        }
        String number = "%." + decimals + "f";
        return String.format(
                Locale.ROOT,
                number + " (" + number + "–" + number + ")",
                median(),
                sorted[0],
                sorted[sorted.length - 1]);
    }
}
