package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;

/** What people see whose chat is split over two processes, on any backplane of many processes. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
abstract class TwoProcesses {

    private static final String ROOM = "project:44";

    /** Enough for those who send without waiting for answers. */
    private static final List<String> LIMITS = List.of(
            "--realtime.inbound.rate=100000", "--realtime.inbound.burst=100000", "--realtime.inbound.mailbox=10000");

    private final List<Browser> browsers = new ArrayList<>();

    private final List<SampleProcess> processes = new ArrayList<>();

    /** Starts process number 0 or 1. */
    abstract SampleProcess start(int number);

    final void startBoth() throws InterruptedException {
        this.processes.add(start(0));
        this.processes.add(start(1));
        for (SampleProcess process : this.processes) {
            process.ready();
        }
    }

    final void close() {
        this.processes.forEach(SampleProcess::close);
    }

    private SampleProcess process(int number) {
        return this.processes.get(number);
    }

    static SampleProcess start(String name, String... arguments) {
        return SampleProcess.start(name, withLimits(arguments));
    }

    static List<String> withLimits(String... arguments) {
        return Stream.concat(LIMITS.stream(), Stream.of(arguments)).toList();
    }

    @AfterEach
    void leave() {
        this.browsers.forEach(Browser::close);
        this.browsers.clear();
    }

    @Test
    void whatIsSentAtOneProcessArrivesAtTheOther() throws Exception {
        Browser alice = member("alice", 0);
        Browser carol = member("carol", 0);
        Browser bob = member("bob", 1);

        JsonNode ack = alice.request(message("hello", "k-hello"));

        JsonNode there = bob.frame("message.created");
        JsonNode here = carol.frame("message.created");
        assertThat(ack.path("data").path("receipt").path("backplane").asString())
                .isEqualTo("RECORDED");
        assertThat(there.path("data").path("text").asString()).isEqualTo("hello");
        assertThat(there.path("id")).as("one event, one id").isEqualTo(here.path("id"));
        assertThat(there.path("cursor")).as("one event, one place").isEqualTo(here.path("cursor"));
    }

    @Test
    void nobodyGetsAnEventTwice() throws Exception {
        Browser alice = member("alice", 0);
        Browser bob = member("bob", 1);

        for (int i = 0; i < 50; i++) {
            alice.send(notice("a" + i));
            bob.send(notice("b" + i));
        }
        alice.send(notice("last"));
        bob.send(notice("last"));

        for (Browser one : List.of(alice, bob)) {
            List<String> ids = new ArrayList<>();
            for (int ends = 0; ends < 2; ) {
                JsonNode frame = one.frame("notice.posted");
                ids.add(frame.path("id").asString());
                ends += frame.path("data").path("text").asString().equals("last") ? 1 : 0;
            }
            assertThat(ids).doesNotHaveDuplicates().hasSize(102);
        }
    }

    @Test
    void whoComesBackAtTheOtherProcessMissesNothing() throws Exception {
        Browser alice = member("alice", 0);
        Browser bob = browser("bob", 0);
        String cursor = join(bob, null).path("cursor").asString();
        bob.close();

        for (int i = 0; i < 3; i++) {
            alice.request(message("while bob was away " + i, "k-away-" + i));
        }

        Browser back = browser("bob", 1);
        JsonNode joined = join(back, cursor);
        assertThat(joined.path("recovered").asBoolean()).isTrue();
        assertThat(joined.path("replay").asInt()).isEqualTo(3);
        for (int i = 0; i < 3; i++) {
            assertThat(back.event("message.created").path("text").asString()).isEqualTo("while bob was away " + i);
        }
    }

    @Test
    void whoSignedInAtOneProcessIsKnownAtTheOther() throws Exception {
        Browser carol = browser("carol", 0, false);

        HttpResponse<String> me = carol.at(process(1).port()).get("/me");

        assertThat(me.statusCode()).isEqualTo(200);
        assertThat(me.body()).contains("carol");
    }

    @Test
    void sixClientsGetAllEventsOfBothClassesInOneOrder() throws Exception {
        List<Browser> clients = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            clients.add(member(List.of("alice", "bob", "carol").get(i % 3), i % 2));
        }
        int each = 200;

        List<List<JsonNode>> seen = together(clients.stream()
                .map(client -> (Callable<List<JsonNode>>) () -> {
                    List<JsonNode> frames = new ArrayList<>();
                    int number = clients.indexOf(client);
                    for (int i = 0; i < each; i++) {
                        acked(client, message(number + "/" + i, "k" + number + "-" + i), 10_000 + 2 * i, frames);
                        acked(client, notice(number + "/" + i), 10_001 + 2 * i, frames);
                    }
                    while (of(frames, "message.created").count() < 6 * each
                            || of(frames, "notice.posted").count() < 6 * each) {
                        frames.add(nextOf(client, frames));
                    }
                    return frames;
                })
                .toList());

        List<String> order = ids(seen.get(0), "message.created");
        Set<String> notices = new HashSet<>(ids(seen.get(0), "notice.posted"));
        for (List<JsonNode> frames : seen) {
            assertThat(ids(frames, "message.created"))
                    .as("recorded events, in one order, none twice")
                    .isEqualTo(order)
                    .doesNotHaveDuplicates()
                    .hasSize(6 * each);
            assertThat(ids(frames, "notice.posted"))
                    .as("the same events under the same ids, none twice")
                    .doesNotHaveDuplicates()
                    .hasSize(6 * each)
                    .allMatch(notices::contains);
            inOrderOfEachSender(texts(frames, "message.created"));
            inOrderOfEachSender(texts(frames, "notice.posted"));
        }
    }

    /** The last: it ends a process. */
    @Test
    @Order(Integer.MAX_VALUE)
    void whoseProcessIsKilledGoesOnAtTheOtherOne() throws Exception {
        Browser alice = member("alice", 0);
        Browser bob = browser("bob", 1);
        String cursor = join(bob, null).path("cursor").asString();

        process(1).kill();
        for (int i = 0; i < 3; i++) {
            assertThat(alice.request(message("without bob " + i, "k-killed-" + i))
                            .path("type")
                            .asString())
                    .as("those at the other process notice nothing")
                    .isEqualTo("ack");
        }

        Browser back = browser("bob", 0);
        JsonNode joined = join(back, cursor);
        assertThat(joined.path("recovered").asBoolean()).isTrue();
        assertThat(joined.path("replay").asInt()).isEqualTo(3);
    }

    /** Publishes, and keeps what comes before the ack. */
    private static void acked(Browser client, String frame, int id, List<JsonNode> frames) throws InterruptedException {
        client.send(frame.replaceFirst("\\{", "{\"id\":" + id + ","));
        JsonNode answer;
        do {
            answer = nextOf(client, frames);
            frames.add(answer);
        } while (answer.path("id").asLong(-1) != id);
        assertThat(answer.path("type").asString()).as("%s", answer).isEqualTo("ack");
    }

    private static JsonNode nextOf(Browser client, List<JsonNode> frames) throws InterruptedException {
        try {
            return client.next();
        } catch (AssertionError nothing) {
            throw new AssertionError(
                    "nothing more came after %d messages, %d notices and gaps %s"
                            .formatted(
                                    of(frames, "message.created").count(),
                                    of(frames, "notice.posted").count(),
                                    frames.stream()
                                            .filter(frame -> frame.path("type")
                                                    .asString("")
                                                    .equals("gap"))
                                            .toList()),
                    nothing);
        }
    }

    private static void inOrderOfEachSender(List<String> texts) {
        Map<String, Integer> last = new TreeMap<>();
        for (String text : texts) {
            String[] parts = text.split("/");
            int number = Integer.parseInt(parts[1]);
            assertThat(number)
                    .as("events of client %s in their order", parts[0])
                    .isGreaterThan(last.getOrDefault(parts[0], -1));
            last.put(parts[0], number);
        }
    }

    private static <T> List<T> together(List<Callable<T>> tasks) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(tasks.size());
        try {
            List<T> results = new ArrayList<>();
            for (Future<T> result : threads.invokeAll(tasks)) {
                results.add(result.get());
            }
            return results;
        } finally {
            threads.shutdownNow();
        }
    }

    private static List<String> ids(List<JsonNode> frames, String event) {
        return of(frames, event).map(frame -> frame.path("id").asString()).toList();
    }

    private static List<String> texts(List<JsonNode> frames, String event) {
        return of(frames, event)
                .map(frame -> frame.path("data").path("text").asString())
                .toList();
    }

    private static Stream<JsonNode> of(List<JsonNode> frames, String event) {
        return frames.stream().filter(frame -> frame.path("event").asString("").equals(event));
    }

    private Browser member(String user, int process) throws Exception {
        Browser browser = browser(user, process);
        join(browser, null);
        return browser;
    }

    private static JsonNode join(Browser browser, String cursor) throws InterruptedException {
        JsonNode joined = browser.request("{\"type\":\"join\",\"room\":\"" + ROOM + "\""
                + (cursor == null ? "" : ",\"since\":\"" + cursor + "\"") + "}");
        assertThat(joined.path("type").asString()).as("%s", joined).isEqualTo("joined");
        return joined;
    }

    private Browser browser(String user, int process) throws Exception {
        return browser(user, process, true);
    }

    private Browser browser(String user, int process, boolean connected) throws Exception {
        Browser browser = new Browser(process(process).port());
        browser.login(user, "demo");
        this.browsers.add(browser);
        return connected ? browser.connect() : browser;
    }

    private static String message(String text, String key) {
        return publish("message.send", text, ",\"key\":\"" + key + "\"");
    }

    private static String notice(String text) {
        return publish("notice.post", text, "");
    }

    private static String publish(String event, String text, String more) {
        return "{\"type\":\"publish\",\"room\":\"" + ROOM + "\",\"event\":\"" + event + "\"" + more
                + ",\"data\":{\"text\":\"" + text + "\"}}";
    }
}
