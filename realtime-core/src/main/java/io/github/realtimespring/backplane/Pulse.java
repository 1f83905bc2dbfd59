package io.github.realtimespring.backplane;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Whether the backplane works and which other nodes live, as beacons prove it (SPEC §6): readable for three intervals
 * after any beacon came, writable from the moment that the broker took one until something is known not to be sent.
 *
 * <p>Guarded by its monitor, a leaf; {@code status} is read by anybody.
 */
final class Pulse {

    /** Nodes that are remembered, the silent ones included. */
    private static final int MAX_PEERS = 1000;

    /** How long a silent node is remembered. */
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    private final String origin;
    private final long interval;
    private final long silence;
    private final Ticker ticker;
    private final BackplaneObserver observer;
    private final Map<String, Heard> peers = new HashMap<>();
    private volatile BackplaneStatus status = new BackplaneStatus(false, false, Instant.now(), null);
    private boolean heard;
    private long lastHeard;
    private long lastTick;
    /** Since when an announcement waits for its answer; 0 if none does. */
    private long announcing;

    private static final class Heard {

        private final String node;
        private long number;
        private long lastHeard;
        private int connections;
        private boolean silent;

        Heard(String node) {
            this.node = node;
        }
    }

    /** What a beacon changes for those who have something of its origin. */
    enum Change {
        /** Nothing is missing that it does not tell. */
        NONE,
        /** Beacons are missing that told of keys it does not tell of. */
        UNCERTAIN,
        /** The origin is gone, and has told everything. */
        LEFT
    }

    Pulse(String origin, BackplaneSettings settings, Ticker ticker, BackplaneObserver observer) {
        this.origin = origin;
        this.interval = settings.beacon().toNanos();
        this.silence = settings.silence().toNanos();
        this.ticker = ticker;
        this.observer = observer;
        this.lastTick = ticker.nanos();
    }

    BackplaneStatus status() {
        return this.status;
    }

    /** A beacon came. */
    synchronized Change heard(Beacon beacon) {
        long now = this.ticker.nanos();
        this.heard = true;
        this.lastHeard = now;
        become(true, this.status.writable(), this.status.lastError());
        if (beacon.origin().equals(this.origin)) {
            return Change.NONE;
        }
        Heard peer = this.peers.get(beacon.origin());
        if (beacon.leaving()) {
            if (this.peers.remove(beacon.origin()) != null) {
                this.observer.peersChanged();
            }
            return Change.LEFT;
        }
        if (peer == null) {
            if (this.peers.size() >= MAX_PEERS) {
                return Change.NONE;
            }
            peer = new Heard(beacon.node());
            this.peers.put(beacon.origin(), peer);
            peer.number = beacon.number();
            peer.lastHeard = now;
            peer.connections = beacon.connections();
            this.observer.peersChanged();
            return Change.NONE;
        }
        long missed = beacon.number() - peer.number - 1;
        boolean uncertain = missed >= Beacon.CARRIES && beacon.forgotten() > peer.number;
        peer.number = Math.max(peer.number, beacon.number());
        peer.lastHeard = now;
        peer.connections = beacon.connections();
        if (peer.silent) {
            peer.silent = false;
            this.observer.peersChanged();
        }
        return uncertain ? Change.UNCERTAIN : Change.NONE;
    }

    /** The broker took a beacon. */
    synchronized void announced() {
        this.announcing = 0;
        become(this.status.readable(), true, this.status.lastError());
    }

    /** Something was not sent for certain, or is not answered. */
    synchronized void notSent(Throwable failure) {
        this.announcing = 0;
        become(this.status.readable(), false, text(failure));
    }

    /**
     * Looks at the time.
     *
     * @return origins that have fallen silent since the last look, whose last events nobody can tell of
     */
    synchronized List<String> tick() {
        long now = this.ticker.nanos();
        if (now - this.lastTick > 2 * this.interval) {
            // This process stood still: what came meanwhile is still to be handled.
            long pause = now - this.lastTick - this.interval;
            this.lastHeard += pause;
            this.peers.values().forEach(peer -> peer.lastHeard += pause);
        }
        this.lastTick = now;
        boolean readable = this.heard && now - this.lastHeard <= this.silence;
        boolean writable = this.status.writable() && (this.announcing == 0 || now - this.announcing <= this.silence);
        become(readable, writable, this.status.lastError());
        if (this.announcing == 0) {
            this.announcing = now == 0 ? 1 : now;
        }
        List<String> fallen = new ArrayList<>();
        for (Iterator<Map.Entry<String, Heard>> all = this.peers.entrySet().iterator(); all.hasNext(); ) {
            Map.Entry<String, Heard> entry = all.next();
            Heard peer = entry.getValue();
            if (now - peer.lastHeard > REMEMBERED.toNanos()) {
                all.remove();
            } else if (!readable) {
                // Nobody can be heard: that says nothing about one of them, and they have as long afterwards.
                if (!peer.silent) {
                    peer.lastHeard = now;
                }
            } else if (!peer.silent && now - peer.lastHeard > this.silence) {
                peer.silent = true;
                fallen.add(entry.getKey());
            }
        }
        if (!fallen.isEmpty()) {
            this.observer.peersChanged();
        }
        return fallen;
    }

    /** The nodes that were heard of in the last three intervals, by name. */
    synchronized List<Peer> peers() {
        return this.peers.entrySet().stream()
                .filter(heard -> !heard.getValue().silent)
                .map(heard -> new Peer(heard.getKey(), heard.getValue().node, heard.getValue().connections))
                .sorted(Comparator.comparing(Peer::node).thenComparing(Peer::origin))
                .toList();
    }

    private void become(boolean readable, boolean writable, @Nullable String lastError) {
        BackplaneStatus before = this.status;
        boolean changed = before.readable() != readable || before.writable() != writable;
        if (changed || !Objects.equals(before.lastError(), lastError)) {
            this.status = new BackplaneStatus(readable, writable, changed ? Instant.now() : before.since(), lastError);
        }
        if (changed) {
            this.observer.statusChanged(this.status);
        }
    }

    /** For logs and health: the kind of failure and its text in one line of printable characters. */
    private static String text(Throwable failure) {
        String message = failure.getMessage();
        String text = failure.getClass().getSimpleName() + (message == null ? "" : ": " + message);
        StringBuilder clean = new StringBuilder();
        text.codePoints()
                .limit(200)
                .map(c -> Character.isISOControl(c)
                                || Character.getType(c) == Character.FORMAT
                                || Character.getType(c) == Character.LINE_SEPARATOR
                                || Character.getType(c) == Character.PARAGRAPH_SEPARATOR
                        ? '?'
                        : c)
                .forEach(clean::appendCodePoint);
        return clean.toString();
    }
}
