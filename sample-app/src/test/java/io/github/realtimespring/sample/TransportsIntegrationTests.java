package io.github.realtimespring.sample;

import static org.springframework.boot.test.context.SpringBootTest.WebEnvironment.RANDOM_PORT;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/**
 * The JavaScript client in Chromium, each transport forced, falling back and coming back, with the network cut, hanging
 * and restored between browser and server. Spring Security's CSRF protection is on, as a single-page application has it.
 */
@SpringBootTest(
        classes = TransportsIntegrationTests.Lab.class,
        webEnvironment = RANDOM_PORT,
        properties = {"realtime.heartbeat.interval=2s", "realtime.heartbeat.timeout=2s"})
class TransportsIntegrationTests {

    @LocalServerPort
    private int port;

    @ParameterizedTest
    @ValueSource(strings = {"websocket", "sse", "poll"})
    void nothingIsLostOrDoubledWhateverTheNetworkDoes(String transport) throws Exception {
        run("^" + transport + ":");
    }

    @Test
    void aClientFallsBackWhereItHasToAndComesBackWithoutALoss() throws Exception {
        run("^(?!(websocket|sse|poll):)");
    }

    private void run(String steps) throws Exception {
        NodeScript script = NodeScript.named("transports");
        script.run("http://localhost:" + this.port, Map.of("CHROMIUM", script.chromium(), "STEPS", steps));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(LabRoom.class)
    static class Lab {

        @Bean
        SecurityFilterChain security(HttpSecurity http) {
            return http.authorizeHttpRequests(access -> access.anyRequest().permitAll())
                    .csrf(CsrfConfigurer::spa)
                    .build();
        }

        @Bean
        UserDetailsService nobody() {
            return new InMemoryUserDetailsManager();
        }
    }

    @RoomController(value = "lab:{name}", open = true)
    static class LabRoom {

        record Say(String n) {}

        @RealtimeEvent(name = "said", delivery = Delivery.RECOVERABLE)
        record Said(String n) {}

        private final Map<String, List<String>> said = new ConcurrentHashMap<>();

        @RoomJoined
        List<String> joined(@RoomVariable String name) {
            return said(name);
        }

        @RoomEvent("say")
        @Broadcast
        Said say(@RoomVariable String name, Say command) {
            said(name).add(command.n());
            return new Said(command.n());
        }

        private List<String> said(String name) {
            return this.said.computeIfAbsent(name, key -> new CopyOnWriteArrayList<>());
        }
    }
}
