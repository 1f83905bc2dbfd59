package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.Drain;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

@ServerTest
class LongPollIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration SEND_TIMEOUT = Duration.ofSeconds(60);
    private static final DeliveryClass RECOVERABLE = DeliveryClass.of(Delivery.RECOVERABLE);
    private static final DeliveryClass STANDARD = DeliveryClass.of(Delivery.STANDARD);
    private static final RoutingKey ROOM = RoutingKey.room("project:1");

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    private static PollClient client(RealtimeServer server) {
        return new PollClient(server.http("/realtime/poll?room=project:1"));
    }

    @Test
    void theFirstPollIsAnsweredAtOnceAndTheNextWithWhatHappens() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            PollClient.Answer first = client.poll("25s");
            assertThat(first.frames()).hasSize(2);
            assertThat(first.frames().get(0)).contains("\"welcome\"");
            assertThat(first.frames().get(1)).contains("\"joined\"");

            CompletableFuture<PollClient.Answer> next = client.pollAsync("25s");
            server.publish(ROOM, STANDARD, "{\"n\":1}");
            assertThat(next.get(10, TimeUnit.SECONDS).frames("event")).hasSize(1);
        }
    }

    @Test
    void anIdlePollIsAnsweredWithNothingButItsCursor() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            client.poll("0");
            PollClient.Answer idle = client.poll("300ms");
            assertThat(idle.status()).isEqualTo(204);
            assertThat(idle.cursor()).isEqualTo(client.cursor());
            server.publish(ROOM, RECOVERABLE, "{\"n\":1}");
            assertThat(client.pollUntil("{\"n\":1}")).hasSize(1);
        }
    }

    @Test
    void eventsBetweenTwoPollsWaitInTheQueueAlsoThoseWithoutHistory() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient one = client(server);
            PollClient two = client(server);
            one.poll("0");
            two.poll("0");
            List<String> ones = new ArrayList<>();
            for (int i = 1; i <= 100; i++) {
                server.publish(ROOM, i % 2 == 0 ? STANDARD : RECOVERABLE, "{\"n\":" + i + "}");
                if (i % 10 == 0) {
                    ones.addAll(one.poll("5s").frames("event"));
                }
            }
            List<String> twos = two.pollUntil("{\"n\":100}");
            if (ones.size() < 100) {
                ones.addAll(one.pollUntil("{\"n\":100}"));
            }
            assertThat(twos).hasSize(100).isEqualTo(ones);
            assertThat(server.connections().size()).isEqualTo(2);
        }
    }

    /** The answer was lost on its way: without a second one, what has no history would be lost with it. */
    @Test
    void anAnswerThatWasLostIsGivenAgain() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            client.poll("0");
            server.publish(ROOM, STANDARD, "{\"n\":1}")
                    .receipt()
                    .toCompletableFuture()
                    .get();
            PollClient.Answer lost = client.pollAsync("5s").get();
            server.publish(ROOM, STANDARD, "{\"n\":2}")
                    .receipt()
                    .toCompletableFuture()
                    .get();

            assertThat(client.poll("5s").frames()).isEqualTo(lost.frames());
            assertThat(client.poll("5s").frames("event"))
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains("{\"n\":2}");
        }
    }

    @Test
    void aNewerPollTakesOverAndAnOlderOneIsRefused() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            client.poll("0");
            String first = client.cursor();
            CompletableFuture<PollClient.Answer> older = client.pollAsync("25s");
            await().atMost(PATIENCE).until(() -> {
                CompletableFuture<PollClient.Answer> newer = client.pollAsync("100ms");
                newer.get();
                return older.isDone();
            });
            assertThat(older.get().status()).isEqualTo(409);
            for (int i = 1; i <= 2; i++) {
                server.publish(ROOM, STANDARD, "{\"n\":" + i + "}");
                client.pollUntil("{\"n\":" + i + "}");
            }
            assertThat(client(server).from(first).poll("0").status()).isEqualTo(409);
        }
    }

    @Test
    void aCursorOfOtherRoomsIsAConflict() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient two = new PollClient(server.http("/realtime/poll?room=project:1&room=project:2"));
            two.poll("0");
            assertThat(client(server).from(two.cursor()).poll("0").status()).isEqualTo(409);
            PollClient turned = new PollClient(server.http("/realtime/poll?room=project:2&room=project:1"));
            assertThat(turned.from(two.cursor()).poll("0").status()).isEqualTo(409);
        }
    }

    @Test
    void aPollThatLandsElsewhereGoesOnFromTheHistory() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            client.poll("0");
            String position = client.cursor().substring(0, client.cursor().indexOf('~'));
            for (int i = 1; i <= 20; i++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + i + "}")
                        .receipt()
                        .toCompletableFuture()
                        .get();
            }
            // The same position without a connection is what another node sees.
            List<String> frames = client(server).from(position).pollUntil("{\"n\":20}");
            assertThat(frames.get(1)).contains("\"joined\"", "\"recovered\":true", "\"replay\":20");
            assertThat(frames.stream().filter(frame -> frame.contains("\"event\"")))
                    .hasSize(20);
        }
    }

    @Test
    void aCursorThatIsGoneIs410AndNothingStaysOfIt() throws Exception {
        try (RealtimeServer server =
                start("realtime.history.size=5", "realtime.websocket.send-timeout=" + SEND_TIMEOUT.toSeconds() + "s")) {
            PollClient client = client(server);
            client.poll("0");
            String position = client.cursor().substring(0, client.cursor().indexOf('~'));
            for (int i = 1; i <= 20; i++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + i + "}")
                        .receipt()
                        .toCompletableFuture()
                        .get();
            }
            for (String gone : List.of(position, "abcdefgh.3", position.replaceAll("\\..*", ".999999999"))) {
                PollClient.Answer answer = client(server).from(gone).poll("0");
                assertThat(answer.status()).as(gone).isEqualTo(410);
                assertThat(answer.response().headers().firstValue("Content-Type"))
                        .hasValue("application/problem+json");
            }
            // With the answer, and not when the send timeout has cut it.
            await().atMost(SEND_TIMEOUT.dividedBy(2))
                    .until(() -> server.connections().size() == 1);
        }
    }

    @Test
    void aClientThatDoesNotComeBackIsForgotten() throws Exception {
        try (RealtimeServer server = start("realtime.transports.long-poll.wait=200ms")) {
            client(server).poll("0");
            assertThat(server.connections().size()).isEqualTo(1);
            await().atMost(PATIENCE).until(() -> server.connections().size() == 0);
            assertThat(server.closes().count(1001)).isEqualTo(1);
        }
    }

    @Test
    void aDrainAnswersPollsAtOnceAndRefusesFirstOnes() throws Exception {
        try (RealtimeServer server = start("realtime.drain.spread=10s")) {
            PollClient client = client(server);
            client.poll("0");
            CompletableFuture<PollClient.Answer> waiting = client.pollAsync("25s");
            await().atMost(PATIENCE).until(() -> server.sockets() > 0);
            server.bean(Drain.class).start().toCompletableFuture().get(15, TimeUnit.SECONDS);
            PollClient.Answer answer = waiting.get(5, TimeUnit.SECONDS);
            if (answer.status() == 200) {
                assertThat(answer.frames("goaway"))
                        .hasSize(1)
                        .first()
                        .asString()
                        .contains("\"code\":1012");
            } else {
                // It came after the drain had begun.
                assertThat(answer.status()).isEqualTo(503);
            }
            assertThat(client(server).poll("0").status()).isEqualTo(503);
        }
    }

    @Test
    void aClosedClientIsToldTheCodeAlsoIfNoPollWaited() throws Exception {
        try (RealtimeServer server = start()) {
            PollClient client = client(server);
            client.poll("0");
            server.connection().close(CloseReason.SUPERSEDED);
            assertThat(client.poll("5s").frames("goaway")).first().asString().contains("\"code\":4409");
        }
    }

    @Test
    void badParametersAreRefusedAndNothingIsRegistered() throws Exception {
        try (RealtimeServer server = start()) {
            for (String query : List.of(
                    "x=1", "room=", "room=a&wait=forever", "room=a%00b", "room=%ff", "room=project:1&room=project:1")) {
                PollClient.Answer answer = new PollClient(server.http("/realtime/poll?" + query))
                        .pollAsync("0")
                        .get();
                assertThat(answer.status()).as(query).isEqualTo(400);
                assertThat(answer.body()).as(query).contains("\"bad-request\"");
            }
            assertThat(server.connections().size()).isZero();
        }
    }
}
