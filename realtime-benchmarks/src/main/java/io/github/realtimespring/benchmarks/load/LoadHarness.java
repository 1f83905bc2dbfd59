package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Runs the socket-level experiments in the module's directory; {@code run.sh} calls it. Arguments: names of experiments
 * ({@code throughput}, {@code webflux}, {@code slow}, {@code growth}, {@code control}, {@code memory}; all if none is named), {@code --repetitions N} and
 * {@code --against PEER[,PEER]} of naive, stomp, ws, socketio, flux. {@code --insert FILE} puts the tables of the micro benchmarks
 * into the page.
 */
public final class LoadHarness {

    private static final List<String> EXPERIMENTS =
            List.of("throughput", "webflux", "slow", "growth", "control", "memory");

    private LoadHarness() {}

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> chosen = new ArrayList<>();
        List<Peer> against = List.of(Peer.NAIVE, Peer.STOMP, Peer.WS, Peer.SOCKET_IO);
        Set<String> named = null;
        Path page = Path.of("../docs/performance.md");
        int repetitions = 3;
        for (int i = 0; i < args.length; i++) {
            switch (args[i]) {
                case "--repetitions" -> repetitions = Integer.parseInt(args[++i]);
                case "--against" -> {
                    Set<String> names = Set.of(args[++i].split(","));
                    named = names;
                    against = Stream.concat(against.stream(), Stream.of(Peer.FLUX))
                            .filter(peer -> names.contains(shortName(peer)))
                            .toList();
                }
                case "--page" -> page = Path.of(args[++i]);
                case "--insert" -> {
                    new Report(page).replace("micro", Files.readString(Path.of(args[++i])));
                    return;
                }
                default -> chosen.add(args[i]);
            }
        }
        if (!EXPERIMENTS.containsAll(chosen)) {
            throw new IllegalArgumentException("experiments are " + EXPERIMENTS + ", not " + chosen);
        }
        Path logs = Files.createDirectories(Path.of("target/logs"));
        Bench bench = new Bench(new LoadClient(Path.of("target/fanbench")), logs, new Report(page), repetitions);
        for (String experiment : chosen.isEmpty() ? EXPERIMENTS : chosen) {
            switch (experiment) {
                case "throughput" -> new Throughput(bench).run(against);
                case "webflux" -> {
                    new Throughput(bench, Peer.WEBFLUX, "webflux")
                            .run(named == null ? List.of(Peer.FLUX, Peer.WS) : against);
                    new IdleMemory(bench).webFlux();
                }
                case "slow" -> new SlowMembers(bench).run(List.of(Peer.PRODUCT, Peer.NAIVE, Peer.STOMP, Peer.WS));
                case "growth" -> new Growth(bench).run();
                case "control" -> new Growth(bench).control();
                default -> new IdleMemory(bench).run();
            }
        }
    }

    private static String shortName(Peer peer) {
        if (peer == Peer.NAIVE) {
            return "naive";
        }
        if (peer == Peer.FLUX) {
            return "flux";
        }
        return peer == Peer.STOMP ? "stomp" : peer == Peer.WS ? "ws" : "socketio";
    }
}
