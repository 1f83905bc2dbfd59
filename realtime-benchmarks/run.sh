#!/usr/bin/env bash
# Measures and writes the tables of docs/performance.md. Needs two cores, g++, Node, taskset and a quiet machine.
#   realtime-benchmarks/run.sh                              everything, hours
#   realtime-benchmarks/run.sh throughput slow              some experiments
#   realtime-benchmarks/run.sh throughput --repetitions 5 --against naive,stomp
#   realtime-benchmarks/run.sh slow --on netty --through sse,poll --against ""
#
# Experiments, and minutes for one repetition; three are usual. --against, --on and --through leave the others out. A table is
# written whenever it has a row more.
#   throughput       4 times 4    Tomcat, --against naive,stomp,ws,socketio
#   webflux          2 times 4    Reactor Netty, --against flux,ws
#   webflux-memory   2            idle connections on Reactor Netty; one repetition always
#   io-uring         4            Reactor Netty on io_uring against epoll
#   transports       4 times 4    --on tomcat,netty --through sse,poll
#   slow             6 times 1.5, and 4 once   --on tomcat,netty --through websocket,sse,poll --against naive,stomp,ws,flux
#   large-room       4 times 1.5  --on tomcat,netty --through websocket,sse
#   growth           4 times 2    of rooms and members, with the same sockets
#   sockets          4 times 2    growth of the number of sockets, beside the naive loop
#   control          4 times 2    the same for rooms that bring their own members
#   memory           3            idle connections on Tomcat; one repetition always
#   hop              2 times 8    --on tomcat,netty: two nodes and a Redis against Socket.IO with its Redis adapter
#   joins            2 times 2    --on tomcat,netty: first members of 1,000 rooms on each of two nodes with a Redis
#   micro            20           no sockets; one repetition always
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
        throughput | webflux | webflux-memory | io-uring | transports | slow | large-room | growth | sockets | control | memory | hop | joins)
            sockets=true; experiments+=("$argument") ;;
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
