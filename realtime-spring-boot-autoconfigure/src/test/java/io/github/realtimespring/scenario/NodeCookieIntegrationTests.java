package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The cookie by which a load balancer finds the node that a client was on. */
@ServerTest
class NodeCookieIntegrationTests {

    private static final String COOKIE = "realtime-node=node-a; Path=/realtime; HttpOnly; SameSite=Lax";

    private static RealtimeServer server;

    @BeforeAll
    static void start() {
        server = RealtimeServer.start("realtime.node-id=node-a", "realtime.affinity.cookie=realtime-node");
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/realtime/info", "/realtime/sse?room=project:42", "/realtime/poll?room=project:42&wait=0"})
    void everyAnswerOverHttpHasIt(String path) throws Exception {
        try (RawHttp client = RawHttp.open(server)) {
            client.write(RawHttp.request("GET", path) + "\r\n");
            assertThat(client.read().header("Set-Cookie")).isEqualTo(COOKIE);
        }
    }

    @Test
    void soHasTheUpgradeToAWebSocket() throws Exception {
        try (RawWebSocket client = server.raw()) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.header("Set-Cookie")).isEqualTo(COOKIE);
            assertThat(client.message()).contains("\"welcome\"");
        }
    }

    @Test
    void whoBringsItIsNotToldAgainAndWhoBringsAnothersIs() throws Exception {
        try (RawWebSocket client = server.raw("Cookie: a=b; realtime-node=node-a")) {
            assertThat(client.status()).isEqualTo(101);
            assertThat(client.header("Set-Cookie")).isNull();
        }
        try (RawWebSocket client = server.raw("Cookie: realtime-node=node-b")) {
            assertThat(client.header("Set-Cookie")).isEqualTo(COOKIE);
        }
    }

    @Test
    void withoutThePropertyThereIsNone() throws Exception {
        try (RealtimeServer plain =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, RealtimeServer.OwnEventLoops.class))) {
            assertThat(RawHttp.get(plain, "/realtime/info").header("Set-Cookie"))
                    .isNull();
        }
    }
}
