#!/usr/bin/env bash
# Measures and writes the tables of docs/performance.md. Needs two cores, g++, Node, taskset and a quiet machine.
#   realtime-benchmarks/run.sh                        everything, more than an hour
#   realtime-benchmarks/run.sh throughput slow        some experiments: throughput webflux slow growth control memory micro
#   realtime-benchmarks/run.sh throughput --repetitions 5 --against naive,stomp
set -euo pipefail
cd "$(dirname "$0")"

if [ -z "${REALTIME_SKIP_BUILD:-}" ]; then
    ../mvnw -q -B -ntp -f ../pom.xml -pl realtime-benchmarks -am -DskipTests -Drealtime.skip-js package
    g++ -O2 -std=c++17 -o target/fanbench fanbench/fanbench.cpp
    (cd peers && npm ci --silent)
fi
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
classpath=target/classes:$(cat target/classpath)
ulimit -n "$(ulimit -Hn)"

micro=false sockets=false experiments=()
for argument in "$@"; do
    case $argument in
        micro) micro=true ;;
        throughput | webflux | slow | growth | control | memory) sockets=true; experiments+=("$argument") ;;
        *) experiments+=("$argument") ;;
    esac
done
if ! $micro && ! $sockets; then micro=true sockets=true; fi
if $sockets; then
    "$java" -cp "$classpath" io.github.realtimespring.benchmarks.load.LoadHarness "${experiments[@]+"${experiments[@]}"}"
fi
if $micro; then
    taskset -c 0 "$java" -cp "$classpath" io.github.realtimespring.benchmarks.jmh.MicroBenchmarks \
        --json target/micro.json --markdown target/micro.md
    "$java" -cp "$classpath" io.github.realtimespring.benchmarks.load.LoadHarness --insert target/micro.md
fi
