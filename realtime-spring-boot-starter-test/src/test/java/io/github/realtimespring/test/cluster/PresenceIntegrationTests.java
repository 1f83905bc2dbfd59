package io.github.realtimespring.test.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.actuate.RealtimeDescriptors;
import io.github.realtimespring.actuate.RealtimeEndpoint;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.JoinResult;
import io.github.realtimespring.test.RealtimeCluster;
import io.github.realtimespring.test.RealtimeClusterTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.Import;

/** Who is in a room of an application of three nodes, as each of them says. */
@RealtimeClusterTest(
        nodes = 3,
        classes = PresenceIntegrationTests.OpenApplication.class,
        properties = {
            "realtime.test.timeout=30s",
            "realtime.backplane.beacon=100ms",
            "realtime.presence.debounce=100ms",
            "realtime.presence.grace=500ms",
            "realtime.presence.lease=2s",
            "realtime.store.lease=2s",
            "realtime.store.renewal=500ms",
            "management.endpoints.web.exposure.include=realtime"
        })
class PresenceIntegrationTests {

    @Import(OpenSecurity.class)
    static class OpenApplication extends ClusterApplication {}

    private static final Pattern COUNT = Pattern.compile("\"count\":(\\d+)");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final RealtimeCluster cluster;

    PresenceIntegrationTests(RealtimeCluster cluster) {
        this.cluster = cluster;
    }

    @Test
    void everyNodeKnowsWhoIsInARoomAndSeesChanges() {
        RoutingKey room = RoutingKey.room("board:presence");
        List<RoomPresence> seen = new CopyOnWriteArrayList<>();
        try (PresenceService.Watch watch = presence(2).watch(room, seen::add)) {
            RealtimeTestClient alice = this.cluster.node(0).connectAs("alice");
            RealtimeTestClient bob = this.cluster.node(1).connectAs("bob");
            alice.join("board:presence").assertJoined();
            bob.join("board:presence").assertJoined();
            await().atMost(PATIENCE).untilAsserted(() -> {
                for (int node = 0; node < 3; node++) {
                    assertThat(get(node, room).members())
                            .extracting(Member::user)
                            .containsExactly("alice", "bob");
                }
                assertThat(seen.get(seen.size() - 1).count()).isEqualTo(2);
            });
            RealtimeTestClient second = this.cluster.node(2).connectAs("alice");
            second.join("board:presence").assertJoined();
            alice.disconnect();
            bob.disconnect();
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(seen.get(seen.size() - 1).members())
                            .extracting(Member::user)
                            .containsExactly("alice"));
            assertThat(seen.stream().dropWhile(one -> !names(one).contains("alice")))
                    .as("alice had a connection all the time")
                    .allSatisfy(one -> assertThat(names(one)).contains("alice"));
        }
    }

    @Test
    void operatorsSeeWhereAUserIs() {
        this.cluster.node(0).connectAs("carol");
        this.cluster.node(1).connectAs("carol");
        await().atMost(PATIENCE).untilAsserted(() -> {
            RealtimeDescriptors.User carol = (RealtimeDescriptors.User)
                    this.cluster.node(2).bean(RealtimeEndpoint.class).find("users", "carol", null);
            assertThat(carol).isNotNull();
            assertThat(carol.connections()).isEmpty();
            assertThat(carol.presence().state()).isEqualTo("online");
            assertThat(carol.presence().nodes()).hasSize(2);
        });
    }

    @Test
    void itIsCounted() {
        RealtimeTestClient dave = this.cluster.node(0).connectAs("dave");
        dave.join("board:counted").assertJoined();
        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(meters(0).get("realtime.presence.users").gauge().value()).isPositive();
            double transitions = 0;
            for (int node = 0; node < 3; node++) {
                transitions += meters(node)
                        .get("realtime.presence.transitions")
                        .tag("change", "joined")
                        .counter()
                        .count();
            }
            assertThat(transitions).isPositive();
        });
    }

    /** SPEC §11, over sockets: a frame for each debounce, whatever the number of those who come. */
    @Test
    void aThousandWhoComeWithinASecondCostAWatcherAtMostTwentyFramesAndTheirSecondTabsNone() throws Exception {
        try (Watching one = new Watching(port(0));
                Watching other = new Watching(port(1))) {
            long began = System.nanoTime();
            join(0, IntStream.range(0, 1000).mapToObj(i -> "u" + i).toList());
            double seconds = Duration.ofNanos(System.nanoTime() - began).toMillis() / 1000.0;
            one.awaitCount(1000);
            other.awaitCount(1000);
            for (Watching watching : List.of(one, other)) {
                assertThat(watching.counts())
                        .as("frames of those who came in %.1f s", seconds)
                        .hasSizeLessThanOrEqualTo((int) (20 * Math.max(1, seconds)));
            }
            int before = one.counts().size();

            join(1, IntStream.range(0, 1000).mapToObj(i -> "u" + i).toList());
            // Each node tells of its users in their order: who comes last is seen behind all tabs.
            for (int node = 0; node < 3; node++) {
                join(node, List.of("last-" + node));
            }
            one.awaitCount(1003);
            assertThat(one.counts().subList(before - 1, one.counts().size()))
                    .as("a frame for a tab would say a number twice")
                    .isSorted()
                    .doesNotHaveDuplicates();
        }
    }

    /** Each on one of the nodes in turn. */
    private void join(int first, List<String> users) {
        List<JoinResult> joins = new ArrayList<>();
        for (int i = 0; i < users.size(); i++) {
            joins.add(this.cluster
                    .node((first + i) % 3)
                    .connectAs(users.get(i), ClientTransport.EMBEDDED)
                    .join("board:crowd"));
        }
        joins.forEach(JoinResult::assertJoined);
    }

    private int port(int node) {
        return this.cluster
                .node(node)
                .context()
                .getEnvironment()
                .getRequiredProperty("local.server.port", Integer.class);
    }

    /** One who watches and is not in the room. */
    private static final class Watching implements WebSocket.Listener, AutoCloseable {

        private final List<Integer> counts = new CopyOnWriteArrayList<>();
        private final StringBuilder text = new StringBuilder();
        private final WebSocket socket;
        private volatile boolean joined;

        Watching(int port) {
            this.socket = HttpClient.newHttpClient()
                    .newWebSocketBuilder()
                    .subprotocols("realtime.v1.json")
                    .buildAsync(URI.create("ws://localhost:" + port + "/realtime/ws"), this)
                    .join();
            this.socket
                    .sendText("{\"type\":\"join\",\"id\":1,\"room\":\"board:crowd\",\"presence\":\"only\"}", true)
                    .join();
            await().atMost(PATIENCE).until(() -> this.joined);
        }

        @Override
        public CompletionStage<?> onText(WebSocket webSocket, CharSequence data, boolean last) {
            this.text.append(data);
            if (last) {
                this.text.toString().lines().forEach(this::frame);
                this.text.setLength(0);
            }
            webSocket.request(1);
            return null;
        }

        private void frame(String frame) {
            if (frame.startsWith("{\"type\":\"joined\"")) {
                this.joined = true;
            } else if (frame.startsWith("{\"type\":\"presence\"")) {
                Matcher count = COUNT.matcher(frame);
                assertThat(count.find()).as(frame).isTrue();
                this.counts.add(Integer.valueOf(count.group(1)));
            }
        }

        void awaitCount(int count) {
            await().atMost(PATIENCE)
                    .pollInterval(Duration.ofMillis(10))
                    .until(() -> !this.counts.isEmpty() && this.counts.get(this.counts.size() - 1) == count);
        }

        List<Integer> counts() {
            return this.counts;
        }

        @Override
        public void close() {
            this.socket.abort();
        }
    }

    private static List<String> names(RoomPresence presence) {
        return presence.members().stream().map(Member::user).toList();
    }

    private MeterRegistry meters(int node) {
        return this.cluster.node(node).bean(MeterRegistry.class);
    }

    private PresenceService presence(int node) {
        return this.cluster.node(node).bean(PresenceService.class);
    }

    private RoomPresence get(int node, RoutingKey room) {
        return presence(node)
                .members(room)
                .toCompletableFuture()
                .orTimeout(10, TimeUnit.SECONDS)
                .join();
    }
}
