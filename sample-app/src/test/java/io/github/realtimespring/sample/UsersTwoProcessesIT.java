package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.test.redis.RedisServer;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

/** One person in several tabs, on two processes and a Redis. At most two of them may be open. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class UsersTwoProcessesIT {

    private static final String ROOM = "project:44";

    private final List<SampleProcess> processes = new ArrayList<>();
    private final List<Browser> tabs = new ArrayList<>();
    private RedisServer redis;

    @BeforeAll
    void start() throws Exception {
        this.redis = RedisServer.shared();
        for (int i = 0; i < 2; i++) {
            this.processes.add(TwoProcesses.start(
                    "users-" + i,
                    "--spring.profiles.active=redis",
                    "--spring.data.redis.host=" + this.redis.host(),
                    "--spring.data.redis.port=" + this.redis.port(),
                    "--spring.application.name=users",
                    "--realtime.connections.duplicate-policy=limit",
                    "--realtime.connections.limit=2",
                    "--management.endpoint.realtime.access=unrestricted",
                    "--realtime.store.lease=3s",
                    "--realtime.store.renewal=1s"));
        }
        for (SampleProcess process : this.processes) {
            process.ready();
        }
    }

    @AfterEach
    void leave() {
        this.tabs.forEach(Browser::close);
        this.tabs.clear();
    }

    @AfterAll
    void stop() {
        this.processes.forEach(SampleProcess::close);
        this.redis.close();
    }

    private Browser tab(String user, int process) throws Exception {
        Browser browser = new Browser(this.processes.get(process).port());
        browser.login(user, "demo");
        this.tabs.add(browser);
        return browser.connect();
    }

    private static void join(Browser browser) throws InterruptedException {
        JsonNode joined = browser.request("{\"type\":\"join\",\"room\":\"" + ROOM + "\"}");
        assertThat(joined.path("type").asString()).as("%s", joined).isEqualTo("joined");
    }

    private static void say(Browser browser, String text) throws InterruptedException {
        browser.request("{\"type\":\"publish\",\"room\":\"" + ROOM
                + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + text + "\"}}");
    }

    @Test
    void tabsOfOnePersonOnTwoProcessesSeeTheSame() throws Exception {
        Browser one = tab("alice", 0);
        Browser two = tab("alice", 1);
        Browser bob = tab("bob", 1);
        for (Browser browser : List.of(one, two, bob)) {
            join(browser);
        }
        say(bob, "to both of you");
        assertThat(one.event("message.created").path("text").asString()).isEqualTo("to both of you");
        assertThat(two.event("message.created").path("text").asString()).isEqualTo("to both of you");
        say(one, "from one of them");
        assertThat(two.event("message.created").path("text").asString()).isEqualTo("from one of them");
    }

    @Test
    void oneTabTooManyIsRefusedOnWhateverProcess() throws Exception {
        Browser first = tab("carol", 0);
        join(first);
        Browser second = tab("carol", 1);
        join(second);
        assertThat(tab("carol", 0).closeCode()).isEqualTo(4429);
        assertThat(tab("carol", 1).closeCode()).isEqualTo(4429);
        say(second, "still here");
        assertThat(first.event("message.created").path("text").asString()).isEqualTo("still here");
    }

    @Test
    void anOperatorOfOneProcessReachesTheOther() throws Exception {
        Browser bob = tab("bob", 1);
        join(bob);
        HttpResponse<String> evicted = bob.at(this.processes.get(0).port())
                .delete("/actuator/realtime/rooms/" + ROOM + "?user=bob", "alice", "demo");
        assertThat(evicted.statusCode()).as(evicted.body()).isEqualTo(202);
        assertThat(evicted.body()).contains("\"backplane\":\"published\"");
        JsonNode left;
        do {
            left = bob.next();
        } while (!left.path("type").asString().equals("left"));
        assertThat(left.path("code").asString()).isEqualTo("evicted");

        bob.at(this.processes.get(0).port()).delete("/actuator/realtime/users/bob?code=4403", "alice", "demo");
        assertThat(bob.closeCode()).isEqualTo(4403);
    }
}
