package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.redis.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;

/** What clients notice when the processes of an application are restarted, drained or killed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class RollingRestartIT {

    private static final String ROOM = "project:44";
    private static final List<String> USERS = List.of("alice", "bob", "carol");

    private final List<SampleProcess> processes = new ArrayList<>();
    private final List<String> cookies = new ArrayList<>();
    private RedisServer redis;
    private Swarm swarm;
    private int started;

    @BeforeAll
    void start() throws Exception {
        this.redis = RedisServer.shared();
        for (int i = 0; i < 3; i++) {
            this.processes.add(begin());
        }
        for (SampleProcess process : this.processes) {
            process.ready();
        }
        for (String user : USERS) {
            Browser browser = new Browser(this.processes.get(0).port());
            browser.login(user, "demo");
            this.cookies.add(browser.cookie("remember-me"));
        }
    }

    private SampleProcess begin() {
        return TwoProcesses.start(
                "rolling-" + this.started++,
                "--spring.profiles.active=redis",
                "--spring.data.redis.host=" + this.redis.host(),
                "--spring.data.redis.port=" + this.redis.port(),
                "--spring.application.name=rolling",
                "--realtime.inbound.first-join-timeout=1m");
    }

    @AfterEach
    void end() throws Exception {
        if (this.swarm != null) {
            this.swarm.close();
        }
    }

    @AfterAll
    void stop() {
        this.processes.forEach(SampleProcess::close);
        this.redis.close();
    }

    private Swarm swarm(int clients) {
        Swarm swarm = new Swarm();
        this.swarm = swarm;
        this.processes.forEach(process -> swarm.use(process.port()));
        for (int i = 0; i < clients; i++) {
            swarm.open(this.cookies.get(i % 3), ROOM, this.processes.get(i % 3).port());
        }
        await().atMost(Duration.ofSeconds(90)).until(() -> swarm.joined() == clients);
        return swarm;
    }

    /** Publishes one event after the other, at whatever process takes them. */
    private final class Publisher {

        final Set<Integer> acked = ConcurrentHashMap.newKeySet();
        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger uncertain = new AtomicInteger();
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final Swarm.Client client;
        private final Thread thread;
        private volatile String answer = "";

        Publisher(Swarm swarm, int number) {
            this.client = swarm.open(
                    RollingRestartIT.this.cookies.get(number % 3),
                    ROOM,
                    RollingRestartIT.this.processes.get(number).port(),
                    this::frame);
            this.thread = new Thread(this::run, "publisher-" + number);
            this.thread.start();
        }

        private void frame(String frame) {
            if (frame.startsWith("closed") || frame.startsWith("{\"type\":\"ack\"") || isError(frame)) {
                this.answer = frame;
                synchronized (this) {
                    notifyAll();
                }
            }
        }

        private boolean isError(String frame) {
            return frame.startsWith("{\"type\":\"error\"");
        }

        private void run() {
            try {
                while (!this.stopped.get()) {
                    if (!this.client.joined) {
                        Thread.sleep(10);
                        continue;
                    }
                    int number = this.next.get();
                    this.answer = "";
                    this.client.send("{\"type\":\"publish\",\"id\":" + (number + 2) + ",\"room\":\"" + ROOM
                            + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + number + "\"}}");
                    synchronized (this) {
                        long deadline = System.currentTimeMillis() + 5000;
                        while (this.answer.isEmpty() && System.currentTimeMillis() < deadline) {
                            wait(100);
                        }
                    }
                    if (this.answer.startsWith("{\"type\":\"ack\"")) {
                        this.acked.add(number);
                        this.next.incrementAndGet();
                    } else if (!isError(this.answer)) {
                        this.uncertain.incrementAndGet();
                        this.next.incrementAndGet();
                    }
                    // An error says that nothing was published: "draining", until the connection ends.
                    Thread.sleep(20);
                }
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }

        void stop() throws InterruptedException {
            this.stopped.set(true);
            this.thread.join();
        }
    }

    private static final Pattern DETACHED = Pattern.compile("Drain: detached, 0 connections held, after (\\d+) ms");

    /** The last: it ends a process. By what the process itself has measured, in which other processes have no part. */
    @Test
    @Order(Integer.MAX_VALUE)
    void aProcessWithoutClientsIsGoneInLessThanASecond() throws Exception {
        SampleProcess idle = this.processes.get(0);
        assertThat(idle.stop()).isEqualTo(143);
        Matcher detached = DETACHED.matcher(idle.said());
        assertThat(detached.find()).as(idle.said()).isTrue();
        System.getLogger("rolling").log(System.Logger.Level.INFO, "idle: {0} ms", detached.group(1));
        assertThat(Integer.parseInt(detached.group(1))).isLessThan(1000);
    }

    /**
     * Three processes are restarted one after the other while their clients publish. Every client gets every recorded event
     * once, in one order.
     */
    @Test
    void aRollingRestartLosesAndDoublesNothing() throws Exception {
        Swarm swarm = swarm(300);
        List<Swarm.Client> members = List.copyOf(swarm.clients());
        List<Publisher> publishers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            publishers.add(new Publisher(swarm, i));
        }

        for (int i = 0; i < 3; i++) {
            SampleProcess fresh = begin().ready();
            swarm.use(fresh.port());
            SampleProcess old = this.processes.get(i);
            swarm.leave(old.port());
            assertThat(old.stop()).as("it ends as it was asked to").isEqualTo(143);
            this.processes.set(i, fresh);
            assertThat(old.said())
                    .containsSubsequence(
                            "Drain: refusing",
                            "Drain: announced",
                            "Drain: flushing",
                            "Drain: drained",
                            "Drain: detached");
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> swarm.joined() == swarm.clients().size());
        }
        for (Publisher publisher : publishers) {
            publisher.stop();
        }
        int acked = publishers.stream()
                .mapToInt(publisher -> publisher.acked.size())
                .sum();
        int uncertain = publishers.stream()
                .mapToInt(publisher -> publisher.uncertain.get())
                .sum();
        int most = members.stream().mapToInt(Swarm.Client::seen).max().orElse(0);
        await().atMost(Duration.ofSeconds(30)).until(() -> members.stream().allMatch(member -> member.seen() >= most));

        List<String> expected = members.get(0).events();
        Set<String> distinct = new HashSet<>(expected);
        System.Logger logger = System.getLogger("rolling");
        logger.log(
                System.Logger.Level.INFO,
                "{0} events acknowledged, {1} uncertain, {2} received by each of {3} members, closes {4}",
                acked,
                uncertain,
                expected.size(),
                members.size(),
                swarm.closes());
        assertThat(distinct).as("none twice").hasSize(expected.size());
        assertThat(expected.size()).as("none lost").isBetween(acked, acked + uncertain);
        assertThat(acked).isGreaterThan(100);
        for (Swarm.Client member : members) {
            assertThat(member.events()).as("client %s", member.number).isEqualTo(expected);
            assertThat(member.resumes).isNotEmpty().containsOnly("recovered");
        }
        Map<Integer, Integer> closes = swarm.closes();
        assertThat(closes.keySet()).as("nobody was cut off: %s", closes).containsOnly(1012);
    }
}
