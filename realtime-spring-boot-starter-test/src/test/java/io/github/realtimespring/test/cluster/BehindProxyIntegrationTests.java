package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import io.github.realtimespring.test.cluster.BoardRoom.Card;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

/** The configurations of {@code docs/affinity.md}, as they stand there, in front of two nodes. */
@RealtimeClusterTest(
        classes = {ClusterApplication.class, BehindProxyIntegrationTests.OpenToAll.class},
        properties = {
            "realtime.affinity.cookie=realtime_node",
            "realtime.backplane.beacon=100ms",
            "management.endpoint.health.probes.enabled=true"
        })
class BehindProxyIntegrationTests {

    /** Who asks is another matter. */
    @Configuration(proxyBeanMethods = false)
    static class OpenToAll {

        @Bean
        SecurityFilterChain openToAll(HttpSecurity http) {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    private static final String ROOM = "board:1";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final RealtimeCluster cluster;

    BehindProxyIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    /** A client that polls is remembered for a while. */
    @AfterEach
    void nobodyIsLeft() {
        for (int node = 0; node < 2; node++) {
            ConnectionRegistry connections = this.cluster.node(node).bean(ConnectionRegistry.class);
            connections.forEach(connection -> connection.close(CloseReason.NORMAL));
            await().atMost(PATIENCE).until(() -> connections.size() == 0);
        }
    }

    private ProxyProcess proxy(String name) throws Exception {
        List<Integer> ports = new ArrayList<>();
        for (int node = 0; node < 2; node++) {
            ports.add(((WebServerApplicationContext) this.cluster.node(node).context())
                    .getWebServer()
                    .getPort());
        }
        return ProxyProcess.start(name, ports);
    }

    private int connections(int node) {
        return this.cluster.node(node).bean(ConnectionRegistry.class).size();
    }

    /** The cookie of the answer, as a client sends it; empty if there is none. */
    private static String cookie(ProxyProcess proxy, String sent) throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + proxy.port + "/realtime/info"));
        if (!sent.isEmpty()) {
            request.header("Cookie", sent);
        }
        HttpResponse<String> answer =
                HttpClient.newHttpClient().send(request.build(), HttpResponse.BodyHandlers.ofString());
        assertThat(answer.statusCode()).isEqualTo(200);
        return answer.headers()
                .firstValue("Set-Cookie")
                .map(header -> header.substring(0, header.indexOf(';')))
                .orElse("");
    }

    /** A proxy that looks after the nodes has noticed that one is going. */
    private static void awaitThatNobodyIsSentTo(int node, ProxyProcess proxy, String cookie) {
        await().atMost(PATIENCE).until(() -> {
            for (int i = 0; i < 4; i++) {
                if (!cookie(proxy, cookie).endsWith(Integer.toString(1 - node))) {
                    return false;
                }
            }
            return true;
        });
    }

    private static RealtimeTester tester(ProxyProcess proxy, String cookie) {
        RealtimeTester.Builder builder =
                RealtimeTester.bindToServer("http://127.0.0.1:" + proxy.port).timeout(PATIENCE);
        return (cookie.isEmpty() ? builder : builder.header("Cookie", cookie)).build();
    }

    private static List<RealtimeTestClient> oneOverEach(RealtimeTester tester) {
        List<RealtimeTestClient> clients = new ArrayList<>();
        for (ClientTransport transport :
                List.of(ClientTransport.WEBSOCKET, ClientTransport.SSE, ClientTransport.LONG_POLL)) {
            RealtimeTestClient client = tester.over(transport).connect();
            client.join(ROOM).assertJoined();
            clients.add(client);
        }
        return clients;
    }

    /** Each of them publishes, and all of them get it. */
    private static void converse(List<RealtimeTestClient> clients) {
        for (int i = 0; i < clients.size(); i++) {
            Card card = new Card("card " + i);
            clients.get(i).publish("card.add", card).assertAcked();
            clients.forEach(
                    client -> client.expectEvent("card.added", Card.class).isEqualTo(card));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx-any", "haproxy-any"})
    void everyTransportWorksWhicheverNodeARequestReaches(String name) throws Exception {
        try (ProxyProcess proxy = proxy(name)) {
            RealtimeTester tester = tester(proxy, "");
            List<RealtimeTestClient> clients = oneOverEach(tester);
            clients.addAll(oneOverEach(tester));
            assertThat(connections(0)).as("both nodes have connections").isPositive();
            assertThat(connections(1)).as("both nodes have connections").isPositive();
            converse(clients);
            tester.disconnectAll();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx-sticky", "haproxy-sticky"})
    void whoBringsTheCookieStaysOnItsNodeOverEveryTransport(String name) throws Exception {
        try (ProxyProcess proxy = proxy(name)) {
            String cookie = cookie(proxy, "");
            assertThat(cookie).matches("realtime_node=node-[01]");
            for (int i = 0; i < 4; i++) {
                assertThat(cookie(proxy, cookie)).as("the same node once more").isEmpty();
            }
            RealtimeTester tester = tester(proxy, cookie);
            List<RealtimeTestClient> clients = oneOverEach(tester);
            clients.addAll(oneOverEach(tester));
            assertThat(connections(1 - Integer.parseInt(cookie.substring(cookie.length() - 1))))
                    .as("connections on the other node")
                    .isZero();
            converse(clients);
            tester.disconnectAll();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"nginx-any", "haproxy-any", "nginx-sticky", "haproxy-sticky"})
    void newConnectionsAvoidANodeThatDrains(String name) throws Exception {
        try (ProxyProcess proxy = proxy(name)) {
            String cookie = name.endsWith("sticky") ? "realtime_node=node-1" : "";
            this.cluster.node(1).drain();
            if (name.startsWith("haproxy")) {
                awaitThatNobodyIsSentTo(1, proxy, cookie);
            }
            RealtimeTester tester = tester(proxy, cookie);
            List<RealtimeTestClient> clients = oneOverEach(tester);
            clients.addAll(oneOverEach(tester));
            assertThat(connections(1)).isZero();
            converse(clients);
            tester.disconnectAll();
        }
    }

    /** Nodes may have random names, and names of nodes that are gone live on in cookies. */
    @ParameterizedTest
    @ValueSource(strings = {"nginx-sticky", "haproxy-sticky"})
    void aCookieOfANodeThatIsGoneLeadsToAnother(String name) throws Exception {
        try (ProxyProcess proxy = proxy(name)) {
            assertThat(cookie(proxy, "realtime_node=node-9")).matches("realtime_node=node-[01]");
            RealtimeTester tester = tester(proxy, "realtime_node=node-9");
            converse(oneOverEach(tester));
            tester.disconnectAll();
        }
    }
}
