package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Clients that are cut at random moments, and sometimes stop reading, while others publish; each comes back with the
 * cursor it has. A model of what a client may believe checks every frame: nothing is lost without being told, nothing
 * comes twice, everybody sees one order, {@code recovered} is the truth, and at the end everybody gets the last event. The
 * transport is a parameter.
 */
public final class ResumeModel {

    /** How a client connects. */
    public interface Transport {

        /**
         * Opens a connection that joins the room.
         *
         * @param since the cursor to go on from; {@code null} for none
         * @param frames takes the server's frames in order, each as one text; never two at once
         * @param closed told if the server ends the connection, or answers what it must not
         */
        Link open(String room, String since, Consumer<String> frames, Consumer<String> closed) throws Exception;
    }

    /** One connection. */
    public interface Link {

        /** Ends it without a word; frames that come later are not looked at. */
        void cut();

        /** Reads nothing, or goes on; a transport that cannot do so ignores it. */
        default void stall(boolean stalled) {}
    }

    /** The room's stream. */
    public interface Stream {

        /** Publishes a history-backed event and returns when this node has delivered it. */
        void publish(String json) throws Exception;

        /** The offset of the last event: what a state that is read now has everything up to. */
        long head();
    }

    /**
     * What a run does.
     *
     * @param seed of everything random
     * @param clients how many there are
     * @param cuts how often each of them is cut
     * @param window the size of a history that is sure to have what is missed during a short absence, half as many events,
     *     and sure not to have what is missed during a long one
     */
    public record Plan(long seed, int clients, int cuts, int window) {}

    /** What happened. */
    public record Result(int events, int cuts, int recovered, int refused, int gaps, int replayed, int stalls) {}

    private static final Logger logger = LoggerFactory.getLogger(ResumeModel.class);

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long PATIENCE_SECONDS = 60;
    private static final int PUBLISHERS = 2;
    /** Last events; a gap in the place of one calls for another. */
    private static final int ROUNDS = 5;

    private final Transport transport;
    private final Stream stream;
    private final String room;
    private final Plan plan;
    private final Pace pace = new Pace();
    private final Map<Long, String> order = new ConcurrentHashMap<>();
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final AtomicInteger cuts = new AtomicInteger();
    private final AtomicInteger recovered = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger gaps = new AtomicInteger();
    private final AtomicInteger replayed = new AtomicInteger();
    private final AtomicInteger stalls = new AtomicInteger();
    private volatile boolean over;

    /** @param room a room that nobody has published to */
    public ResumeModel(Transport transport, Stream stream, String room, Plan plan) {
        this.transport = transport;
        this.stream = stream;
        this.room = room;
        this.plan = plan;
    }

    /** Runs the plan and fails on the first thing that a client must not see. */
    public Result run() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(this.plan.clients() + PUBLISHERS);
        try {
            for (int p = 0; p < PUBLISHERS; p++) {
                int name = p;
                threads.execute(() -> publish(name));
            }
            List<Client> clients = new ArrayList<>();
            List<Future<?>> running = new ArrayList<>();
            for (int c = 0; c < this.plan.clients(); c++) {
                Client client = new Client(c, new Random(this.plan.seed() * 1_000 + c));
                clients.add(client);
                running.add(threads.submit(client::run));
            }
            for (Future<?> client : running) {
                client.get(4 * PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            this.pace.end();
            lastEvent(clients);
            this.over = true;
            for (Client client : clients) {
                client.link.cut();
            }
            assertNothingWrong();
            Result result = new Result(
                    this.order.size(),
                    this.cuts.get(),
                    this.recovered.get(),
                    this.refused.get(),
                    this.gaps.get(),
                    this.replayed.get(),
                    this.stalls.get());
            logger.info("{}: {}", this.plan, result);
            return result;
        } finally {
            this.over = true;
            this.pace.end();
            threads.shutdownNow();
        }
    }

    private void publish(int name) {
        try {
            for (int n = 1; this.pace.begin(); n++) {
                this.stream.publish("{\"p\":" + name + ",\"n\":" + n + "}");
                this.pace.published();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } catch (Exception ex) {
            this.violations.add("publishing failed: " + ex);
        }
    }

    /**
     * Nobody publishes any more, and one event has to come to everybody: without it a client that gets nothing any more
     * would look like one that has everything. Who still was behind may get a gap in its place, but not for ever.
     */
    private void lastEvent(List<Client> clients) throws Exception {
        for (int round = 1; ; round++) {
            for (Client client : clients) {
                client.beginRound();
            }
            this.stream.publish("{\"last\":" + round + "}");
            boolean all = true;
            for (Client client : clients) {
                all &= client.awaitLast(round);
            }
            if (all) {
                break;
            }
            assertThat(round).as("rounds of gaps, seed %s", this.plan.seed()).isLessThan(ROUNDS);
        }
        for (Client client : clients) {
            assertThat(client.offset())
                    .as("where client %s is, seed %s", client.name, this.plan.seed())
                    .isEqualTo(this.stream.head());
        }
    }

    private void assertNothingWrong() {
        assertThat(this.violations).as("seed %s", this.plan.seed()).isEmpty();
    }

    /**
     * When events are published: as many as somebody waits for, and while a client is away for a short time no more than
     * it may miss, however long its reconnect takes on a busy machine.
     */
    private final class Pace {

        private final Map<Client, Integer> bounds = new HashMap<>();
        private int goal;
        private int begun;
        private int published;
        private boolean ended;

        /** Waits until the next event may be published; false if there is none any more. */
        synchronized boolean begin() throws InterruptedException {
            while (!this.ended && this.begun >= Math.min(this.goal, bound())) {
                wait();
            }
            this.begun++;
            return !this.ended;
        }

        private int bound() {
            return this.bounds.values().stream()
                    .mapToInt(Integer::intValue)
                    .min()
                    .orElse(Integer.MAX_VALUE);
        }

        synchronized void published() {
            this.published++;
            notifyAll();
        }

        /** Has at least {@code count} more events published than there are; how many there will be. */
        synchronized int demand(int count) {
            return demandUpTo(this.published + count);
        }

        synchronized int demandUpTo(int target) {
            this.goal = Math.max(this.goal, target);
            notifyAll();
            return target;
        }

        /** Until {@link #free}, at most {@code count} events more than the answer are published. */
        synchronized int bound(Client client, int count) {
            this.bounds.put(client, this.begun + count);
            return this.begun;
        }

        synchronized void free(Client client) {
            this.bounds.remove(client);
            notifyAll();
        }

        synchronized void await(int count) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (this.published < count && ResumeModel.this.violations.isEmpty() && System.nanoTime() < deadline) {
                wait(100);
            }
            assertNothingWrong();
            assertThat(this.published)
                    .as("events published, seed %s", ResumeModel.this.plan.seed())
                    .isGreaterThanOrEqualTo(count);
        }

        synchronized void end() {
            this.ended = true;
            notifyAll();
        }
    }

    /** What one client does and what it may believe. Its own monitor guards what frames change. */
    private final class Client {

        private final int name;
        private final Random random;
        private volatile Link link;
        private int connection;
        private String cursor;
        private boolean joined;
        /** The last event that it has, or has read the state after. */
        private long position;
        /** Up to where the last gap may have lost events. */
        private long declared;
        /** Up to where it was promised every event. */
        private long promised;
        /** The last one of the last events that it has. */
        private int last;
        /** Whether a gap came in this round of last events. */
        private boolean gapInRound;

        Client(int name, Random random) {
            this.name = name;
            this.random = random;
        }

        Void run() throws Exception {
            comeBack();
            for (int cut = 0; cut < ResumeModel.this.plan.cuts(); cut++) {
                stay();
                if (this.random.nextBoolean()) {
                    leaveForAMoment();
                } else {
                    leaveForLong();
                }
                comeBack();
            }
            awaitPosition(ResumeModel.this.pace.demand(1));
            return null;
        }

        private void stay() throws Exception {
            Pace pace = ResumeModel.this.pace;
            if (this.random.nextInt(4) == 0) {
                // Stops reading for some events and goes on, or is cut before it does.
                this.link.stall(true);
                ResumeModel.this.stalls.incrementAndGet();
                pace.await(pace.demand(1 + this.random.nextInt(60)));
                if (this.random.nextBoolean()) {
                    this.link.stall(false);
                    awaitPosition(pace.demand(this.random.nextInt(5)));
                }
            } else if (this.random.nextInt(8) > 0) {
                awaitPosition(pace.demand(this.random.nextInt(20)));
            }
        }

        /** Any history of the plan's size has what it misses, if it had everything else. */
        private void leaveForAMoment() throws Exception {
            Pace pace = ResumeModel.this.pace;
            int window = ResumeModel.this.plan.window() / 2;
            this.link.stall(false);
            int before = pace.bound(this, window);
            if (this.random.nextBoolean()) {
                awaitPosition(pace.demandUpTo(before));
            }
            cut();
            pace.await(pace.demandUpTo(before + this.random.nextInt(window + 1)));
        }

        /** No history of the plan's size has all that it misses. */
        private void leaveForLong() throws Exception {
            Pace pace = ResumeModel.this.pace;
            int window = ResumeModel.this.plan.window();
            cut();
            pace.await(pace.demand(window + PUBLISHERS + 1 + this.random.nextInt(window)));
        }

        private void cut() {
            synchronized (this) {
                this.connection++;
            }
            this.link.cut();
            ResumeModel.this.cuts.incrementAndGet();
        }

        private void comeBack() throws Exception {
            int number;
            String since;
            synchronized (this) {
                number = ++this.connection;
                this.joined = false;
                since = this.cursor;
            }
            this.link = ResumeModel.this.transport.open(
                    ResumeModel.this.room, since, frame -> accept(number, frame), why -> closed(number, why));
            awaitPosition(0);
            ResumeModel.this.pace.free(this);
        }

        private synchronized void closed(int number, String why) {
            if (number == this.connection && !ResumeModel.this.over) {
                violation("was closed by the server: " + why);
            }
        }

        private synchronized void accept(int number, String text) {
            if (number != this.connection) {
                return;
            }
            try {
                JsonNode frame = JSON.readTree(text);
                switch (frame.get("type").stringValue()) {
                    case "joined" -> joined(frame);
                    case "event" -> event(frame);
                    case "gap" -> gap();
                    case "error" -> violation("got " + text);
                    default -> {}
                }
            } catch (RuntimeException ex) {
                violation("cannot read " + text + ": " + ex);
            }
            notifyAll();
        }

        private void joined(JsonNode frame) {
            Cursor head = Cursor.parse(frame.get("cursor").stringValue()).orElseThrow();
            this.joined = true;
            this.promised = 0;
            if (frame.get("recovered").booleanValue()) {
                int replay = frame.get("replay").intValue();
                if (head.offset() != offset() + replay) {
                    violation("had " + this.cursor + ", was promised " + replay + " events up to " + head);
                }
                this.promised = head.offset();
                ResumeModel.this.recovered.incrementAndGet();
                ResumeModel.this.replayed.addAndGet(replay);
                return;
            }
            if (this.cursor != null) {
                ResumeModel.this.refused.incrementAndGet();
            }
            // It reads the state, which has everything up to here.
            this.cursor = head.toString();
            this.position = head.offset();
            this.declared = 0;
        }

        private void event(JsonNode frame) {
            Cursor at = Cursor.parse(frame.get("cursor").stringValue()).orElseThrow();
            String id = frame.get("id").stringValue();
            String other = ResumeModel.this.order.putIfAbsent(at.offset(), id);
            if (!this.joined) {
                violation("got " + at + " before joined");
            }
            if (other != null && !other.equals(id)) {
                violation("has another event at " + at);
            }
            if (at.offset() <= offset()) {
                violation("got " + at + " again, after " + this.cursor);
            } else if (at.offset() > offset() + 1 && at.offset() - 1 > this.declared) {
                violation("got " + at + " after " + this.cursor + ", declared up to " + this.declared);
            }
            this.cursor = at.toString();
            this.position = Math.max(this.position, at.offset());
            JsonNode last = frame.get("data").get("last");
            if (last != null) {
                this.last = last.intValue();
            }
        }

        /** It reads the state, which has everything that is in the stream by now; events may overlap with it. */
        private void gap() {
            ResumeModel.this.gaps.incrementAndGet();
            this.gapInRound = true;
            if (offset() < this.promised) {
                violation("was promised all up to " + this.promised + " and got a gap after " + this.cursor);
            }
            this.declared = ResumeModel.this.stream.head();
            this.position = Math.max(this.position, this.declared);
        }

        synchronized long offset() {
            return Cursor.parse(this.cursor).orElseThrow().offset();
        }

        private void violation(String what) {
            ResumeModel.this.violations.add("client " + this.name + " " + what);
        }

        private void awaitPosition(long target) throws InterruptedException {
            await(() -> this.joined && this.position >= target, "does not get to " + target);
        }

        synchronized void beginRound() {
            this.gapInRound = false;
        }

        /** False if a gap came instead. */
        synchronized boolean awaitLast(int round) throws InterruptedException {
            await(() -> this.last == round || this.gapInRound, "does not get last event " + round);
            return this.last == round;
        }

        private synchronized void await(BooleanSupplier condition, String otherwise) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!condition.getAsBoolean() && ResumeModel.this.violations.isEmpty() && System.nanoTime() < deadline) {
                wait(100);
            }
            if (ResumeModel.this.violations.isEmpty() && !condition.getAsBoolean()) {
                violation("is at " + this.cursor + " and " + otherwise + ", joined " + this.joined);
            }
            assertNothingWrong();
        }
    }
}
