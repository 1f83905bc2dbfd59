package io.github.realtimespring.benchmarks.jmh;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

/**
 * Runs the micro benchmarks, writes JMH's JSON and tables in Markdown.
 *
 * <pre>
 * --json FILE       JMH's results
 * --markdown FILE   the tables; printed in any case
 * --quick           shorter and less certain
 * --structures      other structures for members, and the look-up of connections
 * --include REGEX   only these; tables then have what was measured
 * --jvm OPTION      one more option for the JVMs that measure, such as another collector
 * </pre>
 */
public final class MicroBenchmarks {

    private static final String ALL = "jmh\\.(Registry|Queue|Codec|Fanout)Benchmark";
    private static final String STRUCTURES = "jmh\\.(Structure|Lookup)Benchmark";

    private @Nullable Path json;
    private @Nullable Path markdown;
    private boolean quick;
    private boolean structures;
    private @Nullable String include;
    private final List<String> jvm = new ArrayList<>(List.of("-Xms512m", "-Xmx512m", "-XX:+AlwaysPreTouch"));

    private MicroBenchmarks() {}

    public static void main(String[] arguments) throws RunnerException, InterruptedException {
        MicroBenchmarks run = new MicroBenchmarks();
        run.read(arguments);
        run.run();
    }

    private void read(String[] arguments) {
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--json" -> this.json = Path.of(value(arguments, ++i));
                case "--markdown" -> this.markdown = Path.of(value(arguments, ++i));
                case "--include" -> this.include = value(arguments, ++i);
                case "--jvm" -> this.jvm.add(value(arguments, ++i));
                case "--quick" -> this.quick = true;
                case "--structures" -> this.structures = true;
                default -> throw new IllegalArgumentException("unknown argument " + arguments[i]);
            }
        }
    }

    private static String value(String[] arguments, int i) {
        if (i >= arguments.length) {
            throw new IllegalArgumentException(arguments[i - 1] + " needs a value");
        }
        return arguments[i];
    }

    private void run() throws RunnerException, InterruptedException {
        ChainedOptionsBuilder options = new OptionsBuilder()
                .include(this.include != null ? this.include : this.structures ? STRUCTURES : ALL)
                .warmupIterations(this.quick ? 2 : 3)
                .warmupTime(TimeValue.milliseconds(this.quick ? 300 : 1_000))
                .measurementIterations(this.quick ? 3 : 5)
                .measurementTime(TimeValue.milliseconds(this.quick ? 300 : 1_000))
                // Touched before it counts: on virtual machines the first touch of a page costs more than its use.
                .jvmArgsAppend(this.jvm.toArray(new String[0]))
                .shouldFailOnError(true);
        if (this.quick) {
            options.forks(1);
        }
        if (this.json != null) {
            options.resultFormat(ResultFormatType.JSON).result(this.json.toString());
        }
        Collection<RunResult> results = new Runner(options.build()).run();
        FairnessRun.Result fairness =
                this.structures || this.include != null ? null : FairnessRun.measure(this.quick ? 200 : 600);
        MicroTables tables = new MicroTables(results, fairness);
        String text = this.structures ? tables.structures() : tables.product();
        System.out.println(text);
        if (this.markdown != null) {
            write(this.markdown, text);
        }
    }

    private static void write(Path file, String text) {
        try {
            Files.writeString(file, text, StandardCharsets.UTF_8);
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }
}
