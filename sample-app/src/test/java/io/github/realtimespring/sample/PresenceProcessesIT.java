package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.test.redis.RedisServer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * What watchers of a room see while the Redis of three processes is lost, and processes are killed and stand still: one
 * story, because every chapter would have to start three processes.
 *
 * <p>There is one bucket, so one process owns the room: {@code owner}. The {@code stayer} is neither stopped nor killed.
 */
@Tag("soak")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class PresenceProcessesIT {

    private static final System.Logger LOGGER = System.getLogger("presence");

    private static final String ROOM = "project:44";
    private static final Duration LEASE = Duration.ofSeconds(6);
    private static final Duration SWEEP = LEASE.dividedBy(3);
    private static final Duration DEBOUNCE = Duration.ofMillis(200);
    /** How much later than promised a machine may be that does other things, too. */
    private static final Duration SLACK = Duration.ofSeconds(1);

    private static final int TABS = 2;
    private static final List<String> USERS = List.of(
            "alice", "here", "there", "both", "back", "gone", "leaver", "late", "sleeper", "awake", "quitter", "comer",
            "bob");

    private final Map<String, String> cookies = new HashMap<>();
    /** By their numbers, which are the names of their nodes. */
    private final List<SampleProcess> processes = new ArrayList<>();

    private final List<SampleProcess> living = new ArrayList<>();
    private final Map<SampleProcess, PresenceObserver> observers = new HashMap<>();
    private final Swarm swarm = new Swarm();
    private Path clocks;
    private RedisServer redis;
    private SampleProcess owner;
    private SampleProcess mortal;
    private SampleProcess stayer;

    @BeforeAll
    void start(@TempDir Path clocks) throws Exception {
        this.clocks = clocks;
        this.redis = RedisServer.start();
        for (int i = 0; i < 3; i++) {
            JumpingClock.set(clock(i), Duration.ZERO);
            this.processes.add(SampleProcess.startWithClock(
                    clock(i),
                    "presence-" + i,
                    TwoProcesses.withLimits(
                            "--spring.profiles.active=redis",
                            "--spring.data.redis.host=" + this.redis.host(),
                            "--spring.data.redis.port=" + this.redis.port(),
                            "--spring.application.name=presence",
                            "--sample.users=" + String.join(",", USERS),
                            "--realtime.node-id=" + i,
                            "--realtime.store.buckets=1",
                            "--realtime.store.lease=" + LEASE.toMillis() + "ms",
                            "--realtime.store.renewal=" + SWEEP.toMillis() + "ms",
                            "--realtime.presence.lease=" + LEASE.toMillis() + "ms",
                            "--realtime.presence.grace=" + LEASE.toMillis() + "ms",
                            "--realtime.presence.debounce=" + DEBOUNCE.toMillis() + "ms",
                            "--realtime.connections.duplicate-policy=limit",
                            "--realtime.connections.limit=" + TABS,
                            "--realtime.inbound.first-join-timeout=1m")));
        }
        for (SampleProcess process : this.processes) {
            this.living.add(process.ready());
        }
        for (String user : USERS) {
            this.cookies.put(user, Browser.cookieOf(user, this.processes.get(0).port()));
        }
        await().atMost(LEASE.multipliedBy(4)).until(() -> ownerSeenBy(this.processes.get(0)) != null);
        this.owner = ownerSeenBy(this.processes.get(0));
        List<SampleProcess> others = new ArrayList<>(this.processes);
        others.remove(this.owner);
        this.stayer = others.get(0);
        this.mortal = others.get(1);
        this.swarm.use(this.stayer.port());
        for (SampleProcess process : this.processes) {
            observe(process);
        }
    }

    private Path clock(int number) {
        return this.clocks.resolve("clock-" + number);
    }

    private void observe(SampleProcess process) {
        this.observers.put(process, new PresenceObserver(this.swarm, watcher(process), ROOM, process.port()));
    }

    /** A watcher has a place as everybody else has. */
    private String watcher(SampleProcess process) {
        return this.cookies.get(process == this.mortal ? "bob" : "alice");
    }

    @AfterEach
    void nobodyWasMissed() {
        for (PresenceObserver observer : this.observers.values()) {
            assertThat(observer.missed())
                    .as("had a live connection and was not seen")
                    .isEmpty();
            assertThat(observer.repeats()).as("told twice").isEmpty();
        }
    }

    @AfterAll
    void stop() throws Exception {
        this.observers.values().forEach(PresenceObserver::close);
        this.swarm.close();
        this.processes.forEach(SampleProcess::close);
        this.redis.close();
    }

    private SampleProcess ownerSeenBy(SampleProcess process) throws Exception {
        String owner = process.actuator("/shards")
                .path("buckets")
                .path(0)
                .path("owner")
                .asString("");
        return owner.matches("[0-2]") ? this.processes.get(Integer.parseInt(owner)) : null;
    }

    private Swarm.Client join(String user, SampleProcess process) {
        return this.swarm.open(this.cookies.get(user), ROOM, process.port());
    }

    private void everybodySees(List<SampleProcess> processes, Duration within, String... users) {
        within(
                "all see " + List.of(users),
                within,
                () -> processes.stream()
                        .allMatch(
                                process -> this.observers.get(process).members().equals(Set.of(users))));
    }

    /** Waits longer than that, to tell how late it was. */
    private void within(String what, Duration bound, Callable<Boolean> so) {
        long began = System.nanoTime();
        await().atMost(bound.multipliedBy(3))
                .pollInterval(Duration.ofMillis(20))
                .alias(what)
                .until(so);
        Duration took = Duration.ofNanos(System.nanoTime() - began);
        LOGGER.log(System.Logger.Level.INFO, "{0}: {1} ms, of {2}", what, took.toMillis(), bound.toMillis());
        assertThat(took).as(what).isLessThan(bound.plus(SLACK));
    }

    /** For that long nothing comes and nobody goes. */
    private void nothingChanges(Duration time) {
        long began = System.nanoTime();
        // What has changed stays changed, so more time for it lets nothing through.
        await().during(time)
                .atMost(time.multipliedBy(3))
                .until(() -> this.observers.values().stream()
                        .allMatch(observer -> observer.changesSince(began).isEmpty()));
    }

    private void mustStay(String... users) {
        this.observers.values().forEach(observer -> observer.mustStay(users));
    }

    private List<String> of(String user, SampleProcess seenBy, long since) {
        return this.observers.get(seenBy).changesSince(since).stream()
                .filter(change -> change.substring(1).equals(user))
                .toList();
    }

    /** Once ahead and once back, of each process in turn: of the owner, of who is joined to, of who publishes. */
    @Test
    @Order(0)
    void aClockThatJumpsDisturbsNeitherPresenceNorResume() throws Exception {
        Swarm.Client author = join("both", this.stayer);
        Swarm.Client mover = join("quitter", this.mortal);
        everybodySees(this.living, LEASE, "both", "quitter");
        mustStay("both", "quitter");
        this.swarm.use(this.owner.port());
        this.swarm.use(this.mortal.port());
        long began = System.nanoTime();
        int times = 0;
        for (Duration jump : List.of(Duration.ofHours(1), Duration.ofHours(-1), Duration.ZERO)) {
            for (int i = 0; i < 3; i++) {
                JumpingClock.set(clock(i), jump);
                say(author, "wrong by " + jump);
                int expected = ++times;
                within("it is received", LEASE, () -> mover.seen() == expected);
                // Its connection is lost, and another one goes on from the cursor.
                mover.cut();
                say(author, "meanwhile");
                int more = ++times;
                within("it is resumed", LEASE, () -> mover.joined && mover.seen() == more);
            }
        }
        nothingChanges(LEASE);
        assertThat(mover.resumes).hasSize(9).containsOnly("recovered");
        assertThat(mover.events()).doesNotHaveDuplicates();
        assertThat(author.events()).isEqualTo(mover.events());
        for (PresenceObserver observer : this.observers.values()) {
            assertThat(observer.changesSince(began)).isEmpty();
        }
        assertThat(author.closes).isEmpty();
        // Ids of events begin with the time of day: the clock did jump.
        assertThat(author.events())
                .as("not in the order of their ids")
                .isNotEqualTo(author.events().stream().sorted().toList());
        this.swarm.leave(this.owner.port());
        this.swarm.leave(this.mortal.port());
        this.observers.values().forEach(observer -> List.of("both", "quitter").forEach(observer::mayGo));
        author.quit();
        mover.quit();
        everybodySees(this.living, LEASE);
    }

    private void say(Swarm.Client client, String text) {
        client.send("{\"type\":\"publish\",\"id\":7,\"room\":\"" + ROOM
                + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + text + "\"}}");
    }

    @Test
    @Order(1)
    void nobodyVanishesWhileTheStoreIsLostAndEverybodyAgreesWithinTwoLeasesAfterIt() {
        long began = System.nanoTime();
        Swarm.Client first = join("here", this.stayer);
        join("there", this.owner);
        join("both", this.stayer);
        join("both", this.mortal);
        Swarm.Client leaver = join("leaver", this.mortal);
        everybodySees(this.living, LEASE, "here", "there", "both", "leaver");
        mustStay("here", "there", "both");

        this.redis.kill();
        leaver.quit();
        Swarm.Client late = join("late", this.stayer);
        await().during(LEASE).atMost(LEASE.multipliedBy(3)).until(() -> true);
        this.redis.restart();

        everybodySees(this.living, LEASE.multipliedBy(2), "here", "there", "both", "late");
        mustStay("late");
        nothingChanges(LEASE);
        for (SampleProcess process : this.living) {
            assertThat(of("leaver", process, began)).as("told once").containsExactly("+leaver", "-leaver");
        }
        for (Swarm.Client client : this.swarm.clients()) {
            if (client.number >= first.number && client != leaver && client != late) {
                assertThat(client.closes).as("connections that were there stay").isEmpty();
            }
        }
    }

    @Test
    @Order(2)
    void whoseProcessIsKilledIsSeenAllTheTimeIfBackInTimeAndGoesOnceIfNot() throws Exception {
        Swarm.Client back = join("back", this.mortal);
        Swarm.Client gone = join("gone", this.mortal);
        everybodySees(this.living, LEASE, "here", "there", "both", "late", "back", "gone");
        mustStay("back");
        assertThat(ownerSeenBy(this.stayer)).isEqualTo(this.owner);

        long killed = System.nanoTime();
        gone.stayAway();
        kill(this.mortal);

        everybodySees(this.living, LEASE.plus(SWEEP).plus(DEBOUNCE), "here", "there", "both", "late", "back");
        assertThat(back.joined).isTrue();
        nothingChanges(LEASE);
        for (SampleProcess process : this.living) {
            assertThat(this.observers.get(process).changesSince(killed)).containsExactly("-gone");
        }
    }

    @Test
    @Order(3)
    void whoseProcessStandsStillGoesOnceAndComesBackWithIt() throws Exception {
        List<String> heard = new CopyOnWriteArrayList<>();
        this.swarm.open(this.cookies.get("sleeper"), ROOM, this.owner.port(), frame -> {
            if (frame.startsWith("{\"type\":\"event\"")) {
                heard.add(frame);
            }
        });
        join("awake", this.owner);
        Swarm.Client awake = join("awake", this.stayer);
        Swarm.Client quitter = join("quitter", this.stayer);
        everybodySees(this.living, LEASE, "here", "there", "both", "late", "back", "sleeper", "awake", "quitter");
        mustStay("awake");
        assertThat(refused("awake")).as("a third tab").isTrue();
        assertThat(ownerSeenBy(this.stayer)).isEqualTo(this.owner);
        PresenceObserver survivor = this.observers.get(this.stayer);
        PresenceObserver woken = this.observers.get(this.owner);

        long paused = System.nanoTime();
        List.of(survivor, woken).forEach(observer -> observer.mayGo("there"));
        this.owner.pause();
        everybodySees(List.of(this.stayer), LEASE.multipliedBy(2), "here", "both", "late", "back", "awake", "quitter");
        assertThat(ownerSeenBy(this.stayer)).as("it looks after the room").isEqualTo(this.stayer);
        Swarm.Client third = join("awake", this.stayer);
        await().atMost(LEASE).until(() -> third.joined);
        say(awake, "while it stood still");
        quitter.quit();
        join("comer", this.stayer);
        everybodySees(List.of(this.stayer), LEASE, "here", "both", "late", "back", "awake", "comer");
        survivor.mustStay("comer");

        long resumed = System.nanoTime();
        this.owner.resume();
        everybodySees(
                this.living,
                LEASE.multipliedBy(2),
                "here",
                "there",
                "both",
                "late",
                "back",
                "sleeper",
                "awake",
                "comer");
        mustStay("there", "sleeper", "comer");
        within("both know the same version", LEASE, () -> survivor.version() == woken.version());
        nothingChanges(LEASE);
        assertThat(survivor.changesSince(paused).stream().filter(change -> change.startsWith("-")))
                .as("gone once")
                .containsExactlyInAnyOrder("-there", "-sleeper", "-quitter");
        assertThat(survivor.changesSince(resumed))
                .as("nothing else, and nothing stale")
                .containsExactlyInAnyOrder("+there", "+sleeper");
        assertThat(heard).as("the event that it slept through, once").hasSize(1);
        assertThat(refused("awake")).as("a fourth tab").isTrue();
    }

    @Test
    @Order(4)
    void whoseOwnersProcessIsKilledGoesOnceWithinTwoLeases() throws Exception {
        within("the room has its owner again", LEASE, () -> ownerSeenBy(this.stayer) == this.owner);
        long killed = System.nanoTime();
        PresenceObserver survivor = this.observers.get(this.stayer);
        survivor.mayGo("there");
        survivor.mayGo("sleeper");
        this.swarm.clients().stream()
                .filter(client -> client.port == this.owner.port())
                .forEach(Swarm.Client::stayAway);
        kill(this.owner);
        everybodySees(this.living, LEASE.multipliedBy(2), "here", "both", "late", "back", "awake", "comer");
        nothingChanges(LEASE);
        assertThat(survivor.changesSince(killed)).containsExactlyInAnyOrder("-there", "-sleeper");
    }

    private void kill(SampleProcess process) throws InterruptedException {
        this.observers.remove(process).close();
        this.living.remove(process);
        process.kill();
    }

    /** Whether another connection is one too many. */
    private boolean refused(String user) {
        Swarm.Client client = join(user, this.stayer);
        client.stayAway();
        await().atMost(LEASE.multipliedBy(2)).until(() -> client.joined || !client.closes.isEmpty());
        return client.closes.equals(List.of(4429));
    }
}
