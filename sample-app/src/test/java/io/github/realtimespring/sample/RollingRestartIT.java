package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.redis.RedisServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
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
    /** Those of the first processes are over before the last one goes. */
    private static final Duration GRACE = Duration.ofSeconds(15);

    /** They have one connection each, and so nothing but the grace while it comes back. */
    private static final List<String> SINGLES =
            IntStream.range(0, 24).mapToObj(i -> "single-" + i).toList();

    private final List<SampleProcess> processes = new ArrayList<>();
    private final List<String> cookies = new ArrayList<>();
    private final List<PresenceObserver> observers = new ArrayList<>();
    private RedisServer redis;
    private Swarm swarm;
    private int started;
    private long observed;

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
            this.cookies.add(Browser.cookieOf(user, this.processes.get(0).port()));
        }
    }

    private SampleProcess begin() {
        return TwoProcesses.start(
                "rolling-" + this.started++,
                "--spring.profiles.active=redis",
                "--spring.data.redis.host=" + this.redis.host(),
                "--spring.data.redis.port=" + this.redis.port(),
                "--spring.application.name=rolling",
                "--realtime.presence.grace=" + GRACE.toSeconds() + "s",
                "--sample.users=" + String.join(",", USERS) + "," + String.join(",", SINGLES),
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
        this.observers.forEach(PresenceObserver::close);
        this.processes.forEach(SampleProcess::close);
        this.redis.close();
    }

    private Swarm swarm() {
        Swarm swarm = new Swarm();
        this.swarm = swarm;
        this.processes.forEach(process -> swarm.use(process.port()));
        return swarm;
    }

    private Swarm swarm(int clients) {
        Swarm swarm = swarm();
        for (int i = 0; i < clients; i++) {
            swarm.open(this.cookies.get(i % 3), ROOM, this.processes.get(i % 3).port());
        }
        await().atMost(Duration.ofSeconds(90)).until(() -> swarm.joined() == clients);
        return swarm;
    }

    /** Publishes one event after the other, at whatever process takes them. */
    private final class Publisher {

        /** Texts of what was acknowledged, and when. */
        final Map<String, Long> acked = new ConcurrentHashMap<>();

        final AtomicInteger next = new AtomicInteger();
        final AtomicInteger uncertain = new AtomicInteger();
        private final AtomicBoolean stopped = new AtomicBoolean();
        private final Swarm.Client client;
        private final String event;
        private final String prefix;
        private final Thread thread;
        private volatile String answer = "";
        private volatile long answered;

        /** @param number of its process, at first */
        Publisher(Swarm swarm, int number, String event) {
            this.event = event;
            this.prefix = event + "-" + number + "-";
            this.client = swarm.open(
                    RollingRestartIT.this.cookies.get(number % 3),
                    ROOM,
                    RollingRestartIT.this.processes.get(number).port(),
                    this::frame);
            this.thread = new Thread(this::run, "publisher-" + this.prefix);
            this.thread.start();
        }

        private void frame(String frame) {
            if (frame.startsWith("closed") || frame.startsWith("{\"type\":\"ack\"") || isError(frame)) {
                this.answered = System.nanoTime();
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
                    this.client.send(
                            "{\"type\":\"publish\",\"id\":" + (number + 2) + ",\"room\":\"" + ROOM + "\",\"event\":\""
                                    + this.event + "\",\"data\":{\"text\":\"" + this.prefix + number + "\"}}");
                    synchronized (this) {
                        long deadline = System.currentTimeMillis() + 5000;
                        while (this.answer.isEmpty() && System.currentTimeMillis() < deadline) {
                            wait(100);
                        }
                    }
                    if (this.answer.startsWith("{\"type\":\"ack\"")) {
                        this.acked.put(this.prefix + number, this.answered);
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

    /** SPEC §13: what is acknowledged so long before the close has arrived. */
    private static final Duration BEFORE_CLOSE = Duration.ofMillis(300);

    private static final Pattern TEXT = Pattern.compile("\"text\":\"([^\"]*)\"");
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
        for (int i = 0; i < SINGLES.size(); i++) {
            SampleProcess process = this.processes.get(i % 3);
            swarm.open(Browser.cookieOf(SINGLES.get(i), process.port()), ROOM, process.port());
        }
        List<Swarm.Client> members = List.copyOf(swarm.clients());
        List<Publisher> publishers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            publishers.add(new Publisher(swarm, i, "message.send"));
        }
        // One whose process is the last to go, and one whose process is the first that is new and goes no more.
        observe(this.processes.get(2));

        SampleProcess next = begin();
        for (int i = 0; i < 3; i++) {
            SampleProcess fresh = next.ready();
            // It starts while the others are waited for.
            next = i < 2 ? begin() : fresh;
            swarm.use(fresh.port());
            if (i == 0) {
                observe(fresh);
            }
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
        for (PresenceObserver observer : this.observers) {
            assertThat(observer.missed())
                    .as("not seen at one of %d looks", observer.looked())
                    .isEmpty();
            assertThat(observer.changesSince(this.observed))
                    .as("nobody left, nobody came")
                    .isEmpty();
            assertThat(observer.repeats()).as("told twice").isEmpty();
        }
        int acked = publishers.stream()
                .mapToInt(publisher -> publisher.acked.size())
                .sum();
        int uncertain = publishers.stream()
                .mapToInt(publisher -> publisher.uncertain.get())
                .sum();
        // What was published last and not answered may still be on its way.
        await().during(Duration.ofSeconds(1))
                .atMost(Duration.ofSeconds(30))
                .until(() -> members.stream().map(Swarm.Client::seen).distinct().count() == 1);

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
            assertThat(member.away).as("back within the grace").allMatch(millis -> millis < GRACE.toMillis());
            assertThat(member.events()).as("client %s", member.number).isEqualTo(expected);
            assertThat(member.resumes).isNotEmpty().containsOnly("recovered");
        }
        Map<Integer, Integer> closes = swarm.closes();
        assertThat(closes.keySet()).as("nobody was cut off: %s", closes).containsOnly(1012);
    }

    private void observe(SampleProcess process) {
        PresenceObserver observer = new PresenceObserver(this.swarm, this.cookies.get(0), ROOM, process.port());
        this.observers.add(observer);
        String[] everybody = Stream.concat(USERS.stream(), SINGLES.stream()).toArray(String[]::new);
        await().atMost(Duration.ofSeconds(30)).until(() -> observer.members().equals(Set.of(everybody)));
        observer.mustStay(everybody);
        this.observed = System.nanoTime();
    }

    /**
     * A process is drained and ends while others publish: its clients are closed with 1012, and each gets what was acknowledged
     * 300 ms before: by then, or where it resumes if the event is recorded. Notices are not, so they are there by then.
     */
    @Test
    @Order(Integer.MAX_VALUE - 1)
    void whatIsAcknowledgedBeforeACloseIsDeliveredOrResumed() throws Exception {
        Swarm swarm = swarm();
        SampleProcess drained = this.processes.get(1);
        List<Member> members = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            members.add(new Member(swarm, this.cookies.get(i % 3), drained.port()));
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> swarm.joined() == members.size());
        List<Publisher> publishers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            publishers.add(new Publisher(swarm, i, "message.send"));
            publishers.add(new Publisher(swarm, i, "notice.post"));
        }
        await().atMost(Duration.ofSeconds(30))
                .until(() -> publishers.stream().allMatch(publisher -> publisher.acked.size() >= 20));

        swarm.leave(drained.port());
        assertThat(drained.stop()).isEqualTo(143);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> swarm.joined() == swarm.clients().size());
        for (Publisher publisher : publishers) {
            publisher.stop();
        }
        Map<String, Long> acked = new HashMap<>();
        publishers.forEach(publisher -> acked.putAll(publisher.acked));
        Set<String> recorded = new HashSet<>();
        acked.keySet().stream().filter(text -> text.startsWith("message")).forEach(recorded::add);
        await().atMost(Duration.ofSeconds(30))
                .until(() -> members.stream()
                        .allMatch(member -> member.received.keySet().containsAll(recorded)));

        int inTime = 0;
        int resumed = 0;
        for (Member member : members) {
            assertThat(member.closes).containsExactly("closed 1012");
            assertThat(member.doubled).isEmpty();
            for (Map.Entry<String, Long> ack : acked.entrySet()) {
                Long received = member.received.get(ack.getKey());
                if (ack.getValue() - member.closed <= -BEFORE_CLOSE.toNanos()) {
                    assertThat(received)
                            .as(
                                    "%s was acknowledged %d ms before the close",
                                    ack.getKey(), (member.closed - ack.getValue()) / 1_000_000)
                            .isNotNull();
                    inTime += received - member.closed < 0 ? 1 : 0;
                }
                resumed += received != null && received - member.closed > 0 ? 1 : 0;
            }
            assertThat(member.gaps).as("what no history has is declared").contains("away");
        }
        System.getLogger("rolling")
                .log(
                        System.Logger.Level.INFO,
                        "{0} events acknowledged, {1} received by {2} members before their close, {3} behind it",
                        acked.size(),
                        inTime,
                        members.size(),
                        resumed);
    }

    /** A client that notes when it gets what. */
    private static final class Member {

        final Map<String, Long> received = new ConcurrentHashMap<>();
        final List<String> doubled = new CopyOnWriteArrayList<>();
        final List<String> closes = new CopyOnWriteArrayList<>();
        final List<String> gaps = new CopyOnWriteArrayList<>();
        volatile long closed;

        Member(Swarm swarm, String cookie, int port) {
            swarm.open(cookie, ROOM, port, this::frame);
        }

        private void frame(String frame) {
            if (frame.startsWith("{\"type\":\"event\"")) {
                Matcher text = TEXT.matcher(frame);
                if (text.find() && this.received.put(text.group(1), System.nanoTime()) != null) {
                    this.doubled.add(frame);
                }
            } else if (frame.startsWith("closed")) {
                this.closed = System.nanoTime();
                this.closes.add(frame);
            } else if (frame.startsWith("{\"type\":\"gap\"")) {
                this.gaps.add(frame.replaceAll(".*\"reason\":\"([a-z]*)\".*", "$1"));
            }
        }
    }
}
