package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.scenario.RawWebSocket;
import io.github.realtimespring.scenario.RealtimeServer;
import io.github.realtimespring.scenario.ServletServerTest;
import io.github.realtimespring.scenario.TestClient;
import java.net.http.HttpClient;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.messaging.handler.annotation.MessageMapping;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.messaging.simp.config.MessageBrokerRegistry;
import org.springframework.stereotype.Controller;
import org.springframework.web.socket.TextMessage;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.config.annotation.EnableWebSocket;
import org.springframework.web.socket.config.annotation.EnableWebSocketMessageBroker;
import org.springframework.web.socket.config.annotation.StompEndpointRegistry;
import org.springframework.web.socket.config.annotation.WebSocketConfigurer;
import org.springframework.web.socket.config.annotation.WebSocketHandlerRegistry;
import org.springframework.web.socket.config.annotation.WebSocketMessageBrokerConfigurer;
import org.springframework.web.socket.handler.TextWebSocketHandler;
import org.springframework.web.socket.server.standard.ServletServerContainerFactoryBean;
import org.springframework.web.socket.server.standard.StandardWebSocketUpgradeStrategy;
import org.springframework.web.socket.server.support.DefaultHandshakeHandler;

/** An application's own WebSockets work beside ours, and ours beside them, whatever both configure. */
@ServletServerTest
class CoexistenceIntegrationTests {

    @Test
    void plainHandlersStompAndRealtimeWorkInOneApplication() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, Plain.class, Stomp.class, EchoController.class))) {
            try (TestClient realtime = server.client();
                    TestClient plain = connect(server, "/plain");
                    TestClient stomp = connect(server, "/stomp")) {
                plain.send("hello");
                plain.expect("echo hello");
                // A whole message of the application's own size, not of ours.
                plain.send("x".repeat(100_000));
                plain.expect("echo xxx");

                stomp.send("CONNECT\naccept-version:1.2\n\n\0");
                stomp.expect("CONNECTED");
                stomp.send("SUBSCRIBE\nid:1\ndestination:/topic/echo\n\n\0");
                stomp.send("SUBSCRIBE\nid:2\ndestination:/topic/none\nreceipt:r\n\n\0");
                stomp.send("SEND\ndestination:/app/echo\n\nhi\0");
                stomp.expect("stomp hi");

                realtime.send("{\"type\":\"leave\",\"id\":1,\"room\":\"a\"}");
                realtime.expect("\"left\"");
                try (RawWebSocket foreign = server.raw("Origin: https://evil.com")) {
                    assertThat(foreign.status()).isEqualTo(403);
                }
                try (RawWebSocket quiet = server.raw("Sec-WebSocket-Extensions: permessage-deflate")) {
                    assertThat(quiet.header("Sec-WebSocket-Extensions")).isNull();
                }
            }
        }
    }

    private static TestClient connect(RealtimeServer server, String path) {
        return TestClient.connect(
                HttpClient.newHttpClient(), java.net.URI.create("ws://localhost:" + server.port + path));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebSocket
    static class Plain implements WebSocketConfigurer {

        @Override
        public void registerWebSocketHandlers(WebSocketHandlerRegistry registry) {
            registry.addHandler(
                            new TextWebSocketHandler() {
                                @Override
                                protected void handleTextMessage(WebSocketSession session, TextMessage message)
                                        throws Exception {
                                    session.sendMessage(new TextMessage("echo " + message.getPayload()));
                                }
                            },
                            "/plain")
                    // The factory bean below does not reach the sessions that Spring opens on Jetty by default.
                    .setHandshakeHandler(new DefaultHandshakeHandler(new StandardWebSocketUpgradeStrategy()));
        }

        @Bean
        ServletServerContainerFactoryBean container() {
            ServletServerContainerFactoryBean container = new ServletServerContainerFactoryBean();
            container.setMaxTextMessageBufferSize(256 << 10);
            return container;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableWebSocketMessageBroker
    static class Stomp implements WebSocketMessageBrokerConfigurer {

        @Override
        public void registerStompEndpoints(StompEndpointRegistry registry) {
            registry.addEndpoint("/stomp");
        }

        @Override
        public void configureMessageBroker(MessageBrokerRegistry registry) {
            registry.enableSimpleBroker("/topic");
            registry.setApplicationDestinationPrefixes("/app");
        }
    }

    @Controller
    static class EchoController {

        @MessageMapping("/echo")
        @SendTo("/topic/echo")
        String echo(String text) {
            return "stomp " + text;
        }
    }
}
