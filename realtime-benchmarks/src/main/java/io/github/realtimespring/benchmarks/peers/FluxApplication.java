package io.github.realtimespring.benchmarks.peers;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.handler.SimpleUrlHandlerMapping;
import org.springframework.web.reactive.socket.WebSocketHandler;
import org.springframework.web.reactive.socket.WebSocketSession;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What is written by hand on WebFlux: a sink for each session, and {@code session.send(Flux)}. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import(AllocatorMeters.class)
public class FluxApplication {

    public static void main(String[] args) {
        SpringApplication.run(FluxApplication.class, args);
    }

    @Bean
    HandlerMapping rooms(JsonMapper mapper) {
        return new SimpleUrlHandlerMapping(Map.of("/ws", new Rooms(mapper)), -1);
    }

    /** Joins and relays. */
    private static final class Rooms implements WebSocketHandler {

        private final JsonMapper mapper;
        private final Map<String, Set<Sinks.Many<String>>> rooms = new ConcurrentHashMap<>();

        Rooms(JsonMapper mapper) {
            this.mapper = mapper;
        }

        @Override
        public Mono<Void> handle(WebSocketSession session) {
            Sinks.Many<String> sink = Sinks.many().unicast().onBackpressureBuffer();
            Mono<Void> in = session.receive()
                    .doOnNext(message -> receive(sink, message.getPayloadAsText()))
                    .doFinally(end -> {
                        this.rooms.values().forEach(members -> members.remove(sink));
                        sink.tryEmitComplete();
                    })
                    .then();
            return session.send(sink.asFlux().map(session::textMessage)).and(in);
        }

        private void receive(Sinks.Many<String> sink, String text) {
            JsonNode frame = this.mapper.readTree(text);
            String room = frame.path("room").asString();
            if (frame.path("type").asString().equals("join")) {
                this.rooms
                        .computeIfAbsent(room, name -> ConcurrentHashMap.newKeySet())
                        .add(sink);
                return;
            }
            ObjectNode event =
                    this.mapper.createObjectNode().put("type", "event").put("room", room);
            event.set("data", frame.path("payload"));
            String json = this.mapper.writeValueAsString(event);
            for (Sinks.Many<String> member : this.rooms.getOrDefault(room, Set.of())) {
                member.tryEmitNext(json);
            }
        }
    }
}
