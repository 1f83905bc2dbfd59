package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * Clients of event streams and polls that are cut again and again, against a model: everybody sees every event once, in the
 * order in which the room has them, whatever was cut where.
 */
@ServerTest
class HttpResumeStressTests {

    private static final long SEED = 20_260_413;
    private static final int CLIENTS = 10;
    private static final int EVENTS = 1_500;
    private static final Pattern NUMBER = Pattern.compile("\"data\":\\{\"n\":(\\d+)\\}");
    private static final RoutingKey ROOM = RoutingKey.room("project:1");

    @Test
    void nothingIsLostOrDoubledByCuts() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(CLIENTS);
        AtomicInteger cuts = new AtomicInteger();
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                "realtime.history.size=5000",
                "realtime.history.recovery-limit=5000")) {
            List<CompletableFuture<List<Integer>>> seen = new ArrayList<>();
            List<CompletableFuture<Void>> joined = new ArrayList<>();
            for (int i = 0; i < CLIENTS; i++) {
                Random random = new Random(SEED + i);
                boolean stream = i % 2 == 0;
                CompletableFuture<Void> in = new CompletableFuture<>();
                joined.add(in);
                Runnable ready = () -> in.complete(null);
                seen.add(CompletableFuture.supplyAsync(
                        () -> stream ? stream(server, random, cuts, ready) : poll(server, random, cuts, ready),
                        threads));
            }
            for (CompletableFuture<Void> in : joined) {
                in.get(60, TimeUnit.SECONDS);
            }
            for (int n = 1; n <= EVENTS; n++) {
                server.publish(ROOM, DeliveryClass.of(Delivery.RECOVERABLE), "{\"n\":" + n + "}")
                        .receipt()
                        .toCompletableFuture()
                        .get(30, TimeUnit.SECONDS);
            }
            List<Integer> model = new ArrayList<>();
            for (int n = 1; n <= EVENTS; n++) {
                model.add(n);
            }
            for (CompletableFuture<List<Integer>> client : seen) {
                assertThat(client.get(120, TimeUnit.SECONDS))
                        .as("seed %s", SEED)
                        .isEqualTo(model);
            }
            System.out.println("resume over event streams and polls: " + cuts + " cuts, seed " + SEED);
        } finally {
            threads.shutdownNow();
        }
    }

    private static void note(List<Integer> seen, String frame) {
        Matcher number = NUMBER.matcher(frame);
        if (frame.startsWith("{\"type\":\"event\"") && number.find()) {
            seen.add(Integer.parseInt(number.group(1)));
        }
        assertThat(frame).doesNotStartWith("{\"type\":\"gap\"");
    }

    private static List<Integer> stream(RealtimeServer server, Random random, AtomicInteger cuts, Runnable ready) {
        List<Integer> seen = new ArrayList<>();
        String id = null;
        try {
            while (seen.size() < EVENTS) {
                String[] headers = id == null ? new String[0] : new String[] {"Last-Event-ID: " + id};
                try (SseClient client = SseClient.open(server.http("/realtime/sse?room=project:1"), headers)) {
                    client.expect("\"joined\"");
                    ready.run();
                    int wanted = Math.min(EVENTS - seen.size(), 1 + random.nextInt(60));
                    int read = 0;
                    while (wanted > 0) {
                        List<SseClient.Message> messages = client.messages();
                        int next = read;
                        await().pollDelay(Duration.ZERO)
                                .pollInterval(Duration.ofMillis(1))
                                .atMost(Duration.ofSeconds(60))
                                .until(() -> messages.size() > next || !client.isOpen());
                        assertThat(messages.size()).isGreaterThan(next);
                        SseClient.Message message = messages.get(read++);
                        int before = seen.size();
                        note(seen, message.data());
                        id = message.id();
                        wanted -= seen.size() - before;
                    }
                }
                cuts.incrementAndGet();
            }
            return seen;
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }

    private static List<Integer> poll(RealtimeServer server, Random random, AtomicInteger cuts, Runnable ready) {
        List<Integer> seen = new ArrayList<>();
        PollClient client = new PollClient(server.http("/realtime/poll?room=project:1"));
        try {
            while (seen.size() < EVENTS) {
                String before = client.cursor();
                PollClient.Answer answer = client.poll("1s");
                assertThat(answer.status()).as(answer.body()).isIn(200, 204);
                ready.run();
                int cut = random.nextInt(5);
                if (before != null && cut == 0) {
                    // The answer was lost.
                    client.from(before);
                    cuts.incrementAndGet();
                    continue;
                }
                answer.frames().forEach(frame -> note(seen, frame));
                if (cut == 1) {
                    // The next poll reaches another node.
                    client.from(client.cursor().substring(0, client.cursor().indexOf('~')));
                    cuts.incrementAndGet();
                }
            }
            return seen;
        } catch (Exception ex) {
            throw new IllegalStateException(ex);
        }
    }
}
