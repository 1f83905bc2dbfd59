package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.scenario.ServerTest;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The whole product in one application, seen by the JDK's WebSocket client. */
@ServerTest
@ExtendWith(OutputCaptureExtension.class)
class ChatIntegrationTests {

    private static ConfigurableApplicationContext run(String... more) {
        SpringApplication application = new SpringApplication(ChatApplication.class);
        String[] arguments = new String[more.length + 3];
        arguments[0] = "--server.port=0";
        arguments[1] = "--realtime.node-id=6f2c";
        arguments[2] = "--logging.level.io.github.realtimespring.Realtime=INFO";
        System.arraycopy(more, 0, arguments, 3, more.length);
        return application.run(arguments);
    }

    private static int port(ConfigurableApplicationContext context) {
        return ((WebServerApplicationContext) context).getWebServer().getPort();
    }

    @Test
    void saysInOneLineWhatRuns(CapturedOutput output) {
        run().close();
        assertThat(output)
                .contains("Realtime ready: ws,sse,poll at /realtime · backplane local readable,writable"
                        + " · 1 room, 6 handlers · node 6f2c · queue 1MB close");
    }

    @Test
    void twoUsersTalkInARoomAndAThirdIsKeptOut() throws Exception {
        try (ConfigurableApplicationContext context = run()) {
            WebSocketClient alice = new WebSocketClient(port(context), "alice");
            WebSocketClient bob = new WebSocketClient(port(context), "bob");
            WebSocketClient eve = new WebSocketClient(port(context), "eve");
            alice.expect("\"welcome\"", "\"user\":\"alice\"");
            alice.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            bob.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            eve.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            alice.expect("\"joined\"", "\"state\":{\"projectId\":42}");
            bob.expect("\"joined\"");
            eve.expect("\"error\"", "\"forbidden\"");
            alice.send(
                    "{\"type\":\"publish\",\"id\":2,\"room\":\"project:42\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}");
            alice.expect("\"ack\"", "\"cursor\"");
            bob.expect("\"message.created\"", "\"text\":\"hi\"", "\"cursor\"");
            alice.expect("\"message.created\"", "\"text\":\"hi\"");
            assertThat(eve.frames()).noneMatch(frame -> frame.contains("message.created"));
        }
    }

    @Test
    void shutdownTellsClientsToComeBackAndHandlersThatTheyLeft() throws Exception {
        ConfigurableApplicationContext context = run("--realtime.drain.spread=100ms");
        ChatApplication.ProjectRoom room = context.getBean(ChatApplication.ProjectRoom.class);
        WebSocketClient alice = new WebSocketClient(port(context), "alice");
        alice.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
        alice.expect("\"joined\"");
        ConnectionRegistry connections = context.getBean(ConnectionRegistry.class);
        context.close();
        alice.expect("\"goaway\"", "\"draining\"");
        assertThat(alice.expectClose()).isEqualTo(1012);
        assertThat(connections.size()).isZero();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(room.left).containsExactly("alice DRAIN"));
    }

    @Test
    void oneConnectionHasItsOwnDuplicatePolicyAndNobodyIsToldWhoIsThere() throws Exception {
        SpringApplication application = new SpringApplication(ChatApplication.class, Newest.class);
        try (ConfigurableApplicationContext context =
                application.run("--server.port=0", "--realtime.presence.enabled=false")) {
            WebSocketClient first = new WebSocketClient(port(context), "alice");
            WebSocketClient bob = new WebSocketClient(port(context), "bob");
            WebSocketClient alsoBob = new WebSocketClient(port(context), "bob");
            first.expect("welcome");
            WebSocketClient second = new WebSocketClient(port(context), "alice");
            assertThat(first.expectClose()).isEqualTo(4409);
            second.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\",\"presence\":true}");
            assertThat(second.expect("\"joined\"")).doesNotContain("members").doesNotContain("count");
            bob.expect("welcome");
            alsoBob.expect("welcome");
            assertThat(context.getBean(ConnectionRegistry.class).size()).isEqualTo(3);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Newest {

        @Bean
        HandshakeCustomizer newestWinsForAlice() {
            return (handshake, request) -> new Handshake(
                    handshake.principal(),
                    handshake.identity(),
                    "alice".equals(handshake.identity().user()) ? DuplicatePolicy.NEWEST_WINS : null,
                    handshake.expiresAt());
        }
    }
}
