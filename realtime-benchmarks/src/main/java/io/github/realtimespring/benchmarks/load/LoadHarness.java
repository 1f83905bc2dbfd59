package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Runs the socket-level experiments in the module's directory; {@code run.sh} calls it and lists them. Arguments: names of
 * experiments, all if none is named, {@code --repetitions N}, {@code --against PEER[,PEER]} of naive, stomp, ws, socketio and
 * flux, {@code --on SERVER[,SERVER]} of tomcat and netty, and {@code --through TRANSPORT[,TRANSPORT]} of websocket, sse and
 * poll. {@code --insert FILE} puts the tables of the micro benchmarks into the page. Each table is written anew whenever it
 * has a row more.
 */
public final class LoadHarness {

    private static final List<String> EXPERIMENTS = List.of(
            "throughput",
            "webflux",
            "webflux-memory",
            "io-uring",
            "transports",
            "slow",
            "large-room",
            "growth",
            "sockets",
            "control",
            "memory",
            "hop",
            "joins");

    private static final Map<String, Peer> PEERS = new LinkedHashMap<>();

    static {
        PEERS.put("naive", Peer.NAIVE);
        PEERS.put("stomp", Peer.STOMP);
        PEERS.put("ws", Peer.WS);
        PEERS.put("socketio", Peer.SOCKET_IO);
        PEERS.put("flux", Peer.FLUX);
    }

    private static final Map<String, Peer> PRODUCTS = new LinkedHashMap<>();

    static {
        PRODUCTS.put("tomcat", Peer.PRODUCT);
        PRODUCTS.put("netty", Peer.WEBFLUX);
    }

    private final Bench bench;
    private final @Nullable List<Peer> against;
    private final List<Peer> products;
    private final List<Transport> transports;

    private LoadHarness(Bench bench, Map<String, String> options) {
        this.bench = bench;
        String against = options.get("--against");
        this.against = against == null ? null : chosen(PEERS, against);
        this.products = chosen(PRODUCTS, options.getOrDefault("--on", "tomcat,netty"));
        this.transports = Stream.of(
                        options.getOrDefault("--through", "websocket,sse,poll").split(","))
                .map(name -> Transport.valueOf(name.toUpperCase(Locale.ROOT)))
                .toList();
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        List<String> experiments = new ArrayList<>();
        Map<String, String> options = new HashMap<>();
        for (int i = 0; i < args.length; i++) {
            if (args[i].startsWith("--")) {
                options.put(args[i], args[++i]);
            } else {
                experiments.add(args[i]);
            }
        }
        Report report = new Report(Path.of(options.getOrDefault("--page", "../docs/performance.md")));
        String insert = options.get("--insert");
        if (insert != null) {
            report.replace("micro", Files.readString(Path.of(insert)));
            return;
        }
        if (!EXPERIMENTS.containsAll(experiments)) {
            throw new IllegalArgumentException("experiments are " + EXPERIMENTS + ", not " + experiments);
        }
        Bench bench = new Bench(
                new LoadClient(Path.of("target/fanbench")),
                Files.createDirectories(Path.of("target/logs")),
                report,
                Integer.parseInt(options.getOrDefault("--repetitions", "3")));
        LoadHarness harness = new LoadHarness(bench, options);
        for (String experiment : experiments.isEmpty() ? EXPERIMENTS : experiments) {
            long begin = System.nanoTime();
            harness.run(experiment);
            System.out.printf("%s took %d s%n", experiment, (System.nanoTime() - begin) / 1_000_000_000);
        }
    }

    private void run(String experiment) throws IOException, InterruptedException {
        switch (experiment) {
            case "throughput" ->
                new Throughput(this.bench).run(against(Peer.NAIVE, Peer.STOMP, Peer.WS, Peer.SOCKET_IO));
            case "webflux" -> new Throughput(this.bench, Peer.WEBFLUX, "webflux").run(against(Peer.FLUX, Peer.WS));
            case "webflux-memory" -> new IdleMemory(this.bench).webFlux();
            case "io-uring" -> new Throughput(this.bench, Peer.IO_URING, "io-uring").run(List.of(Peer.WEBFLUX));
            case "transports" -> new Transports(this.bench).run(this.products, only(Transport.SSE, Transport.POLL));
            case "slow" ->
                new SlowMembers(this.bench)
                        .run(this.products, this.transports, against(Peer.NAIVE, Peer.STOMP, Peer.WS, Peer.FLUX));
            case "large-room" -> new LargeRoom(this.bench).run(this.products, only(Transport.WEBSOCKET, Transport.SSE));
            case "growth" -> new Growth(this.bench).run();
            case "sockets" -> new Growth(this.bench).sockets();
            case "control" -> new Growth(this.bench).control();
            case "memory" -> new IdleMemory(this.bench).run();
            case "hop" -> new Hop(this.bench).run(this.products);
            case "joins" -> new Joins(this.bench).run(this.products);
            default -> throw new IllegalStateException(experiment);
        }
    }

    /** The peers that were asked for, else {@code usual}. */
    private List<Peer> against(Peer... usual) {
        return this.against == null ? List.of(usual) : this.against;
    }

    private List<Transport> only(Transport... possible) {
        return this.transports.stream().filter(List.of(possible)::contains).toList();
    }

    private static List<Peer> chosen(Map<String, Peer> peers, String names) {
        if (names.isEmpty()) {
            return List.of();
        }
        return Stream.of(names.split(","))
                .map(name -> {
                    Peer peer = peers.get(name);
                    if (peer == null) {
                        throw new IllegalArgumentException("one of " + peers.keySet() + ", not " + name);
                    }
                    return peer;
                })
                .toList();
    }
}
