package io.github.realtimespring.benchmarks.jmh;

import java.util.List;

final class StructureBenchmark {
    static final List<String> ALL = List.of();
    static final List<String> COLUMNS = List.of();

    private StructureBenchmark() {}
}
