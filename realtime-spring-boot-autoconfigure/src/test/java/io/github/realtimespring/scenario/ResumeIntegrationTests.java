package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What clients on real sockets get of what they missed. */
@ServerTest
class ResumeIntegrationTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    private static final Pattern CURSOR = Pattern.compile("\"cursor\":\"([^\"]+)\"");

    @Test
    void aClientThatWasCutGetsWhatItMissedOnItsNextConnection() {
        try (RealtimeServer server = server()) {
            TestClient first = server.client();
            first.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            first.expect("\"joined\"");
            publish(server, 1, 3);
            String since = cursor(first.expect("{\"n\":2,"));
            first.close();
            await().until(() -> server.connections().size() == 0);
            publish(server, 4, 6);

            TestClient second = server.client();
            second.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\",\"since\":\"" + since + "\"}");
            String joined = second.expect("\"joined\"");
            publish(server, 7, 7);
            second.expect("{\"n\":7,");

            assertThat(joined).contains("\"recovered\":true", "\"replay\":4");
            assertThat(numbers(second)).containsExactly(3, 4, 5, 6, 7);
            second.close();
        }
    }

    @Test
    void aReplayOfThousandsOfEventsReachesAClientWithASmallQueueWhole() {
        try (RealtimeServer server = server(
                "realtime.history.size=5000",
                "realtime.history.max-bytes-per-room=16MB",
                "realtime.history.recovery-limit=5000",
                "realtime.queue.max-messages=64")) {
            TestClient first = server.client();
            first.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\"}");
            String since = cursor(first.expect("\"joined\""));
            first.close();
            await().until(() -> server.connections().size() == 0);
            publish(server, 1, 5000);

            TestClient second = server.client();
            second.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:42\",\"since\":\"" + since + "\"}");
            assertThat(second.expect("\"joined\"")).contains("\"recovered\":true", "\"replay\":5000");
            await().atMost(Duration.ofSeconds(30)).until(() -> second.events() == 5000);

            assertThat(second.inOrder()).isEqualTo(5000);
            assertThat(second.closed()).isFalse();
            second.close();
        }
    }

    static RealtimeServer server(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Rooms.class), properties);
    }

    private static void publish(RealtimeServer server, int from, int to) {
        for (int n = from; n <= to; n++) {
            server.publish(ROOM, DeliveryClass.RECOVERABLE, "{\"n\":" + n + ",\"x\":0}")
                    .receipt()
                    .toCompletableFuture()
                    .join();
        }
    }

    private static String cursor(String frame) {
        Matcher matcher = CURSOR.matcher(frame);
        assertThat(matcher.find()).as(frame).isTrue();
        return matcher.group(1);
    }

    private static List<Integer> numbers(TestClient client) {
        return client.frames().stream()
                .filter(frame -> frame.contains("{\"n\":"))
                .map(frame -> frame.substring(frame.indexOf("{\"n\":") + 5))
                .map(rest -> Integer.valueOf(rest.substring(0, rest.indexOf(','))))
                .toList();
    }

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message(String text) {}

    @RoomController(value = "project:{projectId}", open = true)
    static class Rooms {

        @RoomEvent("message.send")
        @Broadcast("message.created")
        Message send(Message message) {
            return message;
        }
    }
}
