package io.github.realtimespring.sample;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What somebody sees who watches a room from one process: it applies presence frames as the JavaScript client does, and is
 * looked at every 40 ms. Who must stay is missed by such a look, or by the frame that takes them away, however short.
 *
 * <p>Thread-safe: frames come on the swarm's thread, looks on one of its own.
 */
final class PresenceObserver implements AutoCloseable {

    private static final Duration EVERY = Duration.ofMillis(40);
    private static final JsonMapper JSON = new JsonMapper();

    /** Somebody came or went. */
    record Change(long nanos, String user, boolean left) {

        @Override
        public String toString() {
            return (this.left ? "-" : "+") + this.user;
        }
    }

    private final String room;
    private final Swarm.Client client;
    private final Set<String> members = new TreeSet<>();
    private final Set<String> staying = new HashSet<>();
    private final List<Change> changes = new ArrayList<>();
    private final List<String> missed = new ArrayList<>();
    private final List<Long> repeats = new ArrayList<>();
    private final long began = System.nanoTime();
    private final ScheduledExecutorService looks = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "presence-observer");
        thread.setDaemon(true);
        return thread;
    });
    private long version;
    private int looked;
    private boolean asking = true;

    PresenceObserver(Swarm swarm, String cookie, String room, int port) {
        this.room = room;
        this.client = swarm.watch(cookie, room, port, this::frame);
        this.looks.scheduleAtFixedRate(
                () -> look("at a look"), EVERY.toMillis(), EVERY.toMillis(), TimeUnit.MILLISECONDS);
    }

    private synchronized void frame(String text) {
        if (text.startsWith("closed")) {
            // As a page does, it goes on showing what it knew.
            this.asking = true;
        } else if (text.startsWith("{\"type\":\"joined\"")) {
            this.asking = false;
            JsonNode frame = JSON.readTree(text);
            show(frame.path("version").asLong(), frame);
        } else if (text.startsWith("{\"type\":\"presence\"")) {
            JsonNode frame = JSON.readTree(text);
            long version = frame.path("version").asLong();
            if (frame.path("resync").asBoolean()) {
                ask();
            } else if (version <= this.version) {
                this.repeats.add(version);
            } else if (!this.asking) {
                if (frame.has("members") || version == this.version + 1) {
                    show(version, frame);
                } else {
                    ask();
                }
            }
        }
    }

    private void ask() {
        if (!this.asking) {
            this.asking = true;
            this.client.send("{\"type\":\"join\",\"id\":2,\"room\":\"" + this.room + "\",\"presence\":\"only\"}");
        }
    }

    private void show(long version, JsonNode frame) {
        this.version = version;
        Set<String> now = new TreeSet<>(this.members);
        if (frame.has("members")) {
            now.clear();
            frame.path("members").forEach(member -> now.add(member.path("user").asString()));
        }
        frame.path("joined").forEach(member -> now.add(member.path("user").asString()));
        frame.path("left").forEach(user -> now.remove(user.asString()));
        long nanos = System.nanoTime();
        this.members.stream()
                .filter(user -> !now.contains(user))
                .forEach(user -> this.changes.add(new Change(nanos, user, true)));
        now.stream()
                .filter(user -> !this.members.contains(user))
                .forEach(user -> this.changes.add(new Change(nanos, user, false)));
        this.members.clear();
        this.members.addAll(now);
        look("by version " + version);
    }

    private synchronized void look(String how) {
        this.looked++;
        for (String user : this.staying) {
            if (!this.members.contains(user)) {
                this.missed.add(user + " " + how + " after " + (System.nanoTime() - this.began) / 1_000_000 + " ms");
            }
        }
    }

    /** From now on these have a live connection, and nobody may see them go. */
    synchronized void mustStay(String... users) {
        this.staying.addAll(List.of(users));
        look("from the beginning");
    }

    synchronized void mayGo(String user) {
        this.staying.remove(user);
    }

    synchronized Set<String> members() {
        return Set.copyOf(this.members);
    }

    synchronized long version() {
        return this.version;
    }

    /** How often it was looked at. */
    synchronized int looked() {
        return this.looked;
    }

    /** Who came and went since a moment, in the order in which it was seen. */
    synchronized List<String> changesSince(long nanos) {
        return this.changes.stream()
                .filter(change -> change.nanos() - nanos >= 0)
                .map(Change::toString)
                .toList();
    }

    /** Those who were to stay and were not seen. */
    synchronized List<String> missed() {
        return List.copyOf(this.missed);
    }

    /** Versions that came though they were known. */
    synchronized List<Long> repeats() {
        return List.copyOf(this.repeats);
    }

    @Override
    public void close() {
        this.looks.shutdownNow();
    }
}
