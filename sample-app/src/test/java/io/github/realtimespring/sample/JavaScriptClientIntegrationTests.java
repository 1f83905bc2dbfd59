package io.github.realtimespring.sample;

import static org.springframework.boot.test.context.SpringBootTest.WebEnvironment.RANDOM_PORT;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.RealtimeConnection;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;

/** The JavaScript client as the starter serves it, in Node, against a server that cuts its connections. */
@SpringBootTest(
        classes = JavaScriptClientIntegrationTests.Lab.class,
        webEnvironment = RANDOM_PORT,
        properties = "realtime.session.window=3s")
class JavaScriptClientIntegrationTests {

    @LocalServerPort
    private int port;

    @Test
    void anonymousClientsComeBackAndTheirCommandsRunOnce() throws Exception {
        NodeScript.named("client").run("http://localhost:" + this.port, Map.of("WINDOW", "3000"));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    @Import(LabRoom.class)
    static class Lab {

        @Bean
        SecurityFilterChain security(HttpSecurity http) {
            return http.authorizeHttpRequests(access -> access.anyRequest().permitAll())
                    .build();
        }

        @Bean
        UserDetailsService nobody() {
            return new InMemoryUserDetailsManager();
        }
    }

    @RoomController("lab:{name}")
    static class LabRoom {

        record Run(String n) {}

        record Close(int code) {}

        @RealtimeEvent(name = "ran", delivery = Delivery.RECOVERABLE)
        record Ran(String n) {}

        private final Map<String, Integer> runs = new ConcurrentHashMap<>();

        @RoomAccess
        boolean isOpen() {
            return true;
        }

        @RoomEvent("run")
        @Broadcast
        Ran run(Run command) {
            this.runs.merge(command.n(), 1, Integer::sum);
            return new Ran(command.n());
        }

        /** Runs, and ends the connection before the acknowledgement. */
        @RoomEvent("swallow")
        @Broadcast
        Ran swallow(Run command, RealtimeConnection connection) {
            connection.close(CloseReason.GOING_AWAY);
            return run(command);
        }

        @RoomEvent("close")
        void close(Close command, RealtimeConnection connection) {
            connection.close(new CloseReason(command.code(), "asked", true));
        }

        @RoomEvent("runs")
        Map<String, Integer> runs() {
            return this.runs;
        }
    }
}
