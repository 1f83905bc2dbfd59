package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.load.LoadClient.Result;
import io.github.realtimespring.benchmarks.load.Turns.Series;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/** Bars of CPU per delivery, as an SVG that reads on light and on dark pages. */
final class Chart {

    private static final int LEFT = 190;
    private static final int WIDTH = 640;
    private static final int BAR = 22;

    private record Bar(String label, double value, boolean ours) {}

    private Chart() {}

    static void write(Path file, List<Throughput.Comparison> comparisons) throws IOException {
        List<Bar> fixed = bars(comparisons, Throughput.Comparison::fixed);
        List<Bar> loop = bars(comparisons, Throughput.Comparison::loop);
        int height = 2 * (fixed.size() * (BAR + 8) + 56);
        StringBuilder svg = new StringBuilder(String.format("""
                <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="system-ui, sans-serif" font-size="13" role="img" aria-label="Server CPU per delivery, 1,000 members">
                <rect width="100%%" height="100%%" rx="8" fill="#fff"/>
                """, WIDTH, height));
        int y = group(svg, 24, "CPU for each delivery at 20 messages a second, µs", fixed);
        group(svg, y + 28, "CPU for each delivery with 4 messages outstanding, µs", loop);
        Files.createDirectories(file.getParent());
        Files.writeString(file, svg.append("</svg>\n"));
    }

    private static List<Bar> bars(
            List<Throughput.Comparison> comparisons, Function<Throughput.Comparison, List<Series>> load) {
        List<Bar> bars = new ArrayList<>();
        bars.add(new Bar(
                Peer.PRODUCT.label(),
                median(Throughput.all(comparisons, comparison -> comparison.products(load))),
                true));
        for (Throughput.Comparison comparison : comparisons) {
            bars.add(new Bar(comparison.reference().label(), median(comparison.references(load)), false));
        }
        return bars;
    }

    private static double median(List<Result> results) {
        return Samples.of(results, Result::cpu).median();
    }

    private static int group(StringBuilder svg, int top, String title, List<Bar> bars) {
        double largest = bars.stream().mapToDouble(Bar::value).max().orElse(1);
        svg.append(
                String.format("<text x=\"16\" y=\"%d\" font-weight=\"600\" fill=\"#1f2937\">%s</text>%n", top, title));
        int y = top + 14;
        for (Bar bar : bars) {
            double width = Math.max(1, bar.value() / largest * (WIDTH - LEFT - 70));
            svg.append(String.format(
                    Locale.ROOT,
                    "<text x=\"%d\" y=\"%d\" text-anchor=\"end\" fill=\"#374151\"%s>%s</text>"
                            + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"3\" fill=\"%s\"/>"
                            + "<text x=\"%.1f\" y=\"%d\" fill=\"#374151\">%.1f</text>%n",
                    LEFT - 10,
                    y + 16,
                    bar.ours() ? " font-weight=\"600\"" : "",
                    bar.label(),
                    LEFT,
                    y,
                    width,
                    BAR,
                    bar.ours() ? "#2563eb" : "#9ca3af",
                    LEFT + width + 8,
                    y + 16,
                    bar.value()));
            y += BAR + 8;
        }
        return y;
    }
}
