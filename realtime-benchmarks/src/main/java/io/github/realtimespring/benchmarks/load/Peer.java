package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.peers.FluxApplication;
import io.github.realtimespring.benchmarks.peers.NaiveApplication;
import io.github.realtimespring.benchmarks.peers.ProductApplication;
import io.github.realtimespring.benchmarks.peers.StompApplication;
import java.util.List;
import java.util.stream.Stream;

/**
 * A server that can be measured.
 *
 * @param label the name in tables
 * @param command what starts it, without the port
 * @param client what the load client is told about its protocol
 * @param jvm whether it runs in a JVM
 */
record Peer(String label, List<String> command, List<String> client, boolean jvm) {

    static final Peer PRODUCT = jvm(
                    "realtime-spring-boot", ProductApplication.class, List.of("--adapter", "fanbench/product.adapter"))
            .with("--realtime.inbound.rate=1000000", "--realtime.inbound.burst=1000000");

    static final Peer WEBFLUX =
            PRODUCT.with("--spring.main.web-application-type=reactive").called("realtime-spring-boot on WebFlux");

    static final Peer FLUX = jvm("WebFlux send(Flux)", FluxApplication.class, List.of("--peer", "json"))
            .with("--spring.main.web-application-type=reactive");

    static final Peer NAIVE = jvm("naive Spring loop", NaiveApplication.class, List.of("--peer", "json"));

    static final Peer STOMP = jvm("STOMP simple broker", StompApplication.class, List.of("--peer", "stomp"));

    static final Peer WS = node("npm ws", "peers/ws.mjs", List.of("--peer", "json"));

    static final Peer SOCKET_IO = node("Socket.IO", "peers/socketio.mjs", List.of("--peer", "socketio"));

    private static Peer jvm(String label, Class<?> main, List<String> client) {
        return new Peer(label, List.of(main.getName()), client, true);
    }

    private static Peer node(String label, String script, List<String> client) {
        return new Peer(label, List.of("node", script), client, false);
    }

    /** The same with more arguments, under the same name. */
    Peer with(String... arguments) {
        return new Peer(
                this.label,
                Stream.concat(this.command.stream(), Stream.of(arguments)).toList(),
                this.client,
                this.jvm);
    }

    Peer called(String label) {
        return new Peer(label, this.command, this.client, this.jvm);
    }
}
