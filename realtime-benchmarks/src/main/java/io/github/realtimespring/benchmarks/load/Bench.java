package io.github.realtimespring.benchmarks.load;

import java.nio.file.Path;

/**
 * What every experiment needs.
 *
 * @param client runs the load
 * @param logs where the servers write
 * @param report takes the tables
 * @param repetitions how often each candidate is measured
 */
record Bench(LoadClient client, Path logs, Report report, int repetitions) {}
