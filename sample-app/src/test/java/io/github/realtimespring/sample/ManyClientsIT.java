package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.redis.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two thousand clients whose process goes, with and without a word: all are back within 15 seconds, and all are counted. */
@Tag("soak")
class ManyClientsIT {

    private static final System.Logger LOGGER = System.getLogger("many clients");

    private static final int CLIENTS = 2_000;
    private static final Duration BACK = Duration.ofSeconds(15);
    private static final List<String> USERS = List.of("bob", "carol", "alice");
    private static final List<String> ROOMS = List.of("project:42", "project:7", "project:44");

    private final List<SampleProcess> processes = new ArrayList<>();
    private RedisServer redis;
    private Swarm swarm;

    @BeforeEach
    void start() throws Exception {
        this.redis = RedisServer.shared();
        for (int i = 0; i < 3; i++) {
            this.processes.add(TwoProcesses.start(
                    "many-" + i,
                    "--spring.profiles.active=redis",
                    "--spring.data.redis.host=" + this.redis.host(),
                    "--spring.data.redis.port=" + this.redis.port(),
                    "--spring.application.name=many",
                    "--realtime.inbound.first-join-timeout=1m"));
        }
        this.swarm = new Swarm();
        for (SampleProcess process : this.processes) {
            this.swarm.use(process.ready().port());
        }
        List<String> cookies = new ArrayList<>();
        for (String user : USERS) {
            cookies.add(Browser.cookieOf(user, this.processes.get(0).port()));
        }
        for (int i = 0; i < CLIENTS; i++) {
            int port = this.processes.get(i / 3 % 3).port();
            this.swarm.open(cookies.get(i % 3), ROOMS.get(i % 3), port);
            if (i % 50 == 0) {
                Thread.sleep(100);
            }
        }
        await().atMost(Duration.ofSeconds(120)).until(() -> this.swarm.joined() == CLIENTS);
        countsAreExact();
    }

    @AfterEach
    void stop() throws Exception {
        this.swarm.close();
        this.processes.forEach(SampleProcess::close);
        this.redis.close();
    }

    @Test
    void aProcessIsKilledAndAnotherOneIsDrained() throws Exception {
        goes(this.processes.get(2), process -> process.kill());
        assertThat(this.swarm.closes().keySet()).as("nobody was told").containsOnly(1006);

        goes(this.processes.get(1), process -> assertThat(process.stop()).isEqualTo(143));
        assertThat(this.swarm.closes().keySet()).as("everybody was told").containsOnly(1012);
    }

    private interface End {
        void end(SampleProcess process) throws Exception;
    }

    private void goes(SampleProcess process, End end) throws Exception {
        long there = this.swarm.clients().stream()
                .filter(client -> client.port == process.port())
                .count();
        this.swarm.forgetCloses();
        this.swarm.leave(process.port());
        this.processes.remove(process);
        long began = System.nanoTime();
        Thread ending = new Thread(() -> {
            try {
                end.end(process);
            } catch (Exception ex) {
                throw new IllegalStateException(ex);
            }
        });
        ending.start();
        await().atMost(Duration.ofSeconds(60))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> this.swarm.clients().stream().noneMatch(client -> client.port == process.port())
                        && this.swarm.joined() == CLIENTS);
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        ending.join();
        LOGGER.log(System.Logger.Level.INFO, "{0} clients were back after {1} ms", there, took.toMillis());
        assertThat(took).isLessThan(BACK);
        countsAreExact();
    }

    /** As an operator sees it, on all processes together. */
    private void countsAreExact() {
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            int connections = 0;
            int members = 0;
            for (SampleProcess process : this.processes) {
                var summary = process.actuator("");
                assertThat(summary.path("inconsistencies").asInt()).isZero();
                connections += summary.path("connections").path("websocket").asInt();
                for (var room : process.actuator("/rooms").path("rooms")) {
                    members += room.path("members").asInt();
                }
            }
            assertThat(connections).isEqualTo(CLIENTS);
            assertThat(members).isEqualTo(CLIENTS);
        });
    }
}
