package io.github.realtimespring.benchmarks.peers;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.web.socket.CloseStatus;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.socket.server.standard.ServletServerContainerFactoryBean;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** What is written by hand everywhere: a map of sets of sessions, and a loop over {@code sendMessage}. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@EnableWebSocket
public class NaiveApplication {

    public static void main(String[] args) {
        SpringApplication.run(NaiveApplication.class, args);
    }

    @Bean
    WebSocketConfigurer rooms(JsonMapper mapper) {
        return registry -> registry.addHandler(new Rooms(mapper), "/ws").setAllowedOrigins("*");
    }

    @Bean
    ServletServerContainerFactoryBean container(@Value("${bench.buffer:8192}") int buffer) {
        ServletServerContainerFactoryBean container = new ServletServerContainerFactoryBean();
        container.setMaxTextMessageBufferSize(buffer);
        container.setMaxBinaryMessageBufferSize(buffer);
        return container;
    }

    /** Joins and relays. */
    private static final class Rooms extends TextWebSocketHandler {

        private final JsonMapper mapper;
        private final Map<String, Set<WebSocketSession>> rooms = new ConcurrentHashMap<>();

        Rooms(JsonMapper mapper) {
            this.mapper = mapper;
        }

        @Override
        protected void handleTextMessage(WebSocketSession session, TextMessage message) throws IOException {
            JsonNode frame = this.mapper.readTree(message.getPayload());
            String room = frame.path("room").asString();
            if (frame.path("type").asString().equals("join")) {
                this.rooms
                        .computeIfAbsent(room, name -> ConcurrentHashMap.newKeySet())
                        .add(session);
                return;
            }
            ObjectNode event =
                    this.mapper.createObjectNode().put("type", "event").put("room", room);
            event.set("data", frame.path("payload"));
            TextMessage text = new TextMessage(this.mapper.writeValueAsString(event));
            for (WebSocketSession member : this.rooms.getOrDefault(room, Set.of())) {
                synchronized (member) {
                    try {
                        member.sendMessage(text);
                    } catch (IOException | IllegalStateException gone) {
                        this.rooms.getOrDefault(room, Set.of()).remove(member);
                    }
                }
            }
        }

        @Override
        public void afterConnectionClosed(WebSocketSession session, CloseStatus status) {
            this.rooms.values().forEach(members -> members.remove(session));
        }
    }
}
