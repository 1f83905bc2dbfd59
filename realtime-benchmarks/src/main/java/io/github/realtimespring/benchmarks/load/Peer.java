package io.github.realtimespring.benchmarks.load;

import io.github.realtimespring.benchmarks.peers.FluxApplication;
import io.github.realtimespring.benchmarks.peers.NaiveApplication;
import io.github.realtimespring.benchmarks.peers.ProductApplication;
import io.github.realtimespring.benchmarks.peers.StompApplication;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A server that can be measured.
 *
 * @param label the name in tables
 * @param jvm options of its JVM, {@code null} if it runs in none
 * @param command what starts it, without the port
 * @param client what the load client is told about its protocol
 * @param libraries the directory of {@code target} that is on its class path besides, {@code null} for none
 */
record Peer(
        String label,
        @Nullable List<String> jvm,
        List<String> command,
        List<String> client,
        @Nullable String libraries) {

    /** Netty's, which Reactor Netty takes when it finds it. */
    private static final String URING = "io-uring";

    static final Peer PRODUCT = java(
                    "realtime-spring-boot", ProductApplication.class, List.of("--adapter", "fanbench/product.adapter"))
            .with("--realtime.inbound.rate=1000000", "--realtime.inbound.burst=1000000");

    static final Peer WEBFLUX =
            PRODUCT.with("--spring.main.web-application-type=reactive").called("realtime-spring-boot on WebFlux");

    static final Peer IO_URING = WEBFLUX.withLibraries(URING).called("realtime-spring-boot on WebFlux, io_uring");

    static final Peer FLUX = java("WebFlux send(Flux)", FluxApplication.class, List.of("--peer", "json"))
            .with("--spring.main.web-application-type=reactive");

    static final Peer NAIVE = java("naive Spring loop", NaiveApplication.class, List.of("--peer", "json"));

    static final Peer STOMP = java("STOMP simple broker", StompApplication.class, List.of("--peer", "stomp"));

    static final Peer WS = node("npm ws", "peers/ws.mjs", List.of("--peer", "json"));

    static final Peer SOCKET_IO = node("Socket.IO", "peers/socketio.mjs", List.of("--peer", "socketio"));

    /** Its next argument is the port of the Redis that its nodes share. */
    static final Peer SOCKET_IO_REDIS =
            node("Socket.IO, Redis adapter", "peers/socketio-redis.mjs", List.of("--peer", "socketio"));

    private static Peer java(String label, Class<?> main, List<String> client) {
        return new Peer(label, List.of(), List.of(main.getName()), client, null);
    }

    private static Peer node(String label, String script, List<String> client) {
        return new Peer(label, null, List.of("node", script), client, null);
    }

    /** The same with more arguments, under the same name. */
    Peer with(String... arguments) {
        return new Peer(this.label, this.jvm, joined(this.command, arguments), this.client, this.libraries);
    }

    /** The same with more options of its JVM. */
    Peer withJvm(String... options) {
        return new Peer(
                this.label,
                joined(this.jvm == null ? List.of() : this.jvm, options),
                this.command,
                this.client,
                this.libraries);
    }

    /** The same, with its meters to be read. */
    Peer metered() {
        return with("--management.endpoints.web.exposure.include=metrics");
    }

    /** The same, spoken to in another way. */
    Peer through(String... client) {
        return new Peer(this.label, this.jvm, this.command, List.of(client), this.libraries);
    }

    Peer called(String label) {
        return new Peer(label, this.jvm, this.command, this.client, this.libraries);
    }

    private Peer withLibraries(String directory) {
        return new Peer(this.label, this.jvm, this.command, this.client, directory);
    }

    boolean ioUring() {
        return URING.equals(this.libraries);
    }

    /** The product, with nodes that share the Redis on {@code port}. */
    Peer onRedis(int port) {
        return withLibraries("redis")
                .with(
                        "--spring.application.name=bench",
                        "--spring.data.redis.host=127.0.0.1",
                        "--spring.data.redis.port=" + port,
                        "--spring.data.redis.repositories.enabled=false",
                        // It has a connection of its own.
                        "--management.health.redis.enabled=false",
                        "--realtime.backplane.type=redis");
    }

    private static List<String> joined(List<String> some, String... more) {
        return Stream.concat(some.stream(), Stream.of(more)).toList();
    }
}
