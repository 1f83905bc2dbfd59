package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Clients that are cut at random moments, and sometimes stop reading, while others publish; each comes back with the
 * cursor it has. A model of what a client may believe checks every frame: nothing is lost without being told, nothing
 * comes twice, everybody sees one order, and {@code recovered} is the truth. The transport is a parameter.
 */
public final class ResumeModel {

    /** How a client connects. */
    public interface Transport {

        /**
         * Opens a connection that joins the room.
         *
         * @param since the cursor to go on from; {@code null} for none
         * @param frames takes the server's frames in order, each as one text; never two at once
         * @param closed told if the server ends the connection
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

    /** Publishes a history-backed event and returns when this node has delivered it. */
    public interface Publisher {

        void publish(String json) throws Exception;
    }

    /**
     * What a run does.
     *
     * @param seed of everything random
     * @param clients how many there are
     * @param cuts how often each of them is cut
     * @param away how many events are published at most while a client is away
     */
    public record Plan(long seed, int clients, int cuts, int away) {}

    /** What happened. */
    public record Result(int events, int cuts, int recovered, int refused, int gaps, int replayed, int stalls) {}

    private static final Logger logger = LoggerFactory.getLogger(ResumeModel.class);

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final long PATIENCE_SECONDS = 60;
    private static final int PUBLISHERS = 2;

    private final Transport transport;
    private final Publisher publisher;
    private final String room;
    private final Plan plan;
    private final Semaphore wanted = new Semaphore(0);
    private final AtomicInteger begun = new AtomicInteger();
    private final AtomicInteger recorded = new AtomicInteger();
    private final AtomicBoolean over = new AtomicBoolean();
    private final Object progress = new Object();
    private final Map<Long, String> order = new ConcurrentHashMap<>();
    private final List<String> violations = new CopyOnWriteArrayList<>();
    private final AtomicInteger cuts = new AtomicInteger();
    private final AtomicInteger recovered = new AtomicInteger();
    private final AtomicInteger refused = new AtomicInteger();
    private final AtomicInteger gaps = new AtomicInteger();
    private final AtomicInteger replayed = new AtomicInteger();
    private final AtomicInteger stalls = new AtomicInteger();

    /** @param room a room that nobody has published to */
    public ResumeModel(Transport transport, Publisher publisher, String room, Plan plan) {
        this.transport = transport;
        this.publisher = publisher;
        this.room = room;
        this.plan = plan;
    }

    /** Runs the plan and fails on the first thing that a client must not see. */
    public Result run() throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(this.plan.clients() + PUBLISHERS);
        try {
            List<Future<?>> publishing = new ArrayList<>();
            for (int p = 0; p < PUBLISHERS; p++) {
                int name = p;
                publishing.add(threads.submit(() -> publish(name)));
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
            this.over.set(true);
            this.wanted.release(PUBLISHERS);
            for (Future<?> publisher : publishing) {
                publisher.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
            }
            int last = this.recorded.get();
            for (Client client : clients) {
                client.awaitPosition(last);
                client.link.cut();
            }
            assertThat(this.violations).as("seed %s", this.plan.seed()).isEmpty();
            Result result = new Result(
                    last,
                    this.cuts.get(),
                    this.recovered.get(),
                    this.refused.get(),
                    this.gaps.get(),
                    this.replayed.get(),
                    this.stalls.get());
            logger.info("{}: {}", this.plan, result);
            return result;
        } finally {
            this.over.set(true);
            threads.shutdownNow();
        }
    }

    private Void publish(int name) throws Exception {
        for (int n = 1; ; n++) {
            this.wanted.acquire();
            if (this.over.get()) {
                return null;
            }
            this.begun.incrementAndGet();
            this.publisher.publish("{\"p\":" + name + ",\"n\":" + n + "}");
            this.recorded.incrementAndGet();
            synchronized (this.progress) {
                this.progress.notifyAll();
            }
        }
    }

    /** Has at least {@code count} more events published than there are now; returns how many there will be. */
    private int demand(int count) {
        int target = this.recorded.get() + count;
        this.wanted.release(count);
        return target;
    }

    private void awaitRecorded(int count) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        synchronized (this.progress) {
            while (this.recorded.get() < count && System.nanoTime() < deadline) {
                this.progress.wait(100);
            }
        }
        assertThat(this.recorded.get())
                .as("events recorded, seed %s", this.plan.seed())
                .isGreaterThanOrEqualTo(count);
    }

    /** What one client does and what it may believe. Its own monitor guards what frames change. */
    private final class Client {

        private final int name;
        private final Random random;
        private Link link;
        private int connection;
        private String cursor;
        private boolean joined;
        /** The last event that it has, or has read the state after. */
        private long position;
        /** Up to where a gap that it has read may have lost events. */
        private long declared;
        /** Up to where it was promised every event. */
        private long promised;

        Client(int name, Random random) {
            this.name = name;
            this.random = random;
        }

        Void run() throws Exception {
            for (int cut = 0; cut < ResumeModel.this.plan.cuts(); cut++) {
                open();
                if (this.random.nextInt(4) == 0) {
                    // Stops reading for some events and goes on, or is cut before it does.
                    this.link.stall(true);
                    ResumeModel.this.stalls.incrementAndGet();
                    awaitRecorded(demand(1 + this.random.nextInt(60)));
                    if (this.random.nextBoolean()) {
                        this.link.stall(false);
                        awaitPosition(demand(this.random.nextInt(5)));
                    }
                } else if (this.random.nextInt(8) > 0) {
                    awaitPosition(demand(this.random.nextInt(20)));
                }
                cut();
                awaitRecorded(demand(this.random.nextInt(ResumeModel.this.plan.away() + 1)));
            }
            open();
            awaitPosition(demand(1));
            return null;
        }

        private void open() throws Exception {
            int number;
            String since;
            synchronized (this) {
                number = ++this.connection;
                this.joined = false;
                since = this.cursor;
            }
            this.link = ResumeModel.this.transport.open(
                    ResumeModel.this.room, since, frame -> accept(number, frame), why -> closed(number, why));
        }

        private void cut() {
            synchronized (this) {
                this.connection++;
            }
            this.link.cut();
            ResumeModel.this.cuts.incrementAndGet();
        }

        private synchronized void closed(int number, String why) {
            if (number == this.connection && !ResumeModel.this.over.get()) {
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
                    case "gap" -> gap(frame);
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
        }

        /** It reads the state, which has everything that was recorded by now; events may overlap with it. */
        private void gap(JsonNode frame) {
            ResumeModel.this.gaps.incrementAndGet();
            if (offset() < this.promised) {
                violation("was promised all up to " + this.promised + " and got a gap after " + this.cursor);
            }
            this.position = Math.max(this.position, ResumeModel.this.recorded.get());
            this.declared = ResumeModel.this.begun.get();
        }

        private long offset() {
            return Cursor.parse(this.cursor).orElseThrow().offset();
        }

        private void violation(String what) {
            ResumeModel.this.violations.add("client " + this.name + " " + what);
        }

        /** An event that was under way when a gap came is in the hole, or comes: the gap has told of it. */
        private boolean hasOrKnows(long target) {
            return this.joined && Math.max(this.position, this.declared) >= target;
        }

        synchronized void awaitPosition(long target) throws InterruptedException {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
            while (!hasOrKnows(target) && ResumeModel.this.violations.isEmpty() && System.nanoTime() < deadline) {
                wait(100);
            }
            if (!hasOrKnows(target)) {
                violation("is at " + this.cursor + " and does not get to " + target + ", joined " + this.joined);
            }
            assertThat(ResumeModel.this.violations)
                    .as("seed %s", ResumeModel.this.plan.seed())
                    .isEmpty();
        }
    }
}
