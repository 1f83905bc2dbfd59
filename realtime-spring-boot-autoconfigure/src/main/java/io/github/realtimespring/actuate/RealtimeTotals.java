package io.github.realtimespring.actuate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Event;
import io.github.realtimespring.Outcome;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.protocol.SessionListener;
import java.time.Instant;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * What happened on this node since it started, for the actuator endpoint: it works without a meter registry, and nothing
 * resets it. Thread-safe; a fanout pass costs a few additions, whatever the number of its recipients.
 *
 * @since 0.1.0
 */
public final class RealtimeTotals implements ConnectionListener, FanoutListener, SessionListener {

    private static final int REMEMBERED = 10_000;
    private static final int MAX_CODES = 256;

    private final Map<Outcome, LongAdder> outcomes = new EnumMap<>(Outcome.class);
    private final LongAdder opened = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder events = new LongAdder();
    private final Map<Integer, LongAdder> closed = new ConcurrentHashMap<>();
    private final Cache<RoutingKey, LastEvent> lastEvents =
            Caffeine.newBuilder().maximumSize(REMEMBERED).build();

    public RealtimeTotals() {
        for (Outcome outcome : Outcome.values()) {
            this.outcomes.put(outcome, new LongAdder());
        }
    }

    /** The last event of a room, without its payload. */
    record LastEvent(String event, String delivery, Instant time, FanoutReceipt receipt) {}

    @Override
    public void opened(Connection connection) {
        this.opened.increment();
    }

    @Override
    public void refused(Connection connection, CloseReason reason) {
        this.refused.increment();
    }

    @Override
    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
        Integer code = reason.code();
        // A peer may close with any code it likes, but may not fill this map.
        if (this.closed.size() >= MAX_CODES && !this.closed.containsKey(code)) {
            code = 0;
        }
        this.closed.computeIfAbsent(code, c -> new LongAdder()).increment();
    }

    @Override
    public Pass started(Event event, Origin origin) {
        return receipt -> finished(event, receipt);
    }

    private void finished(Event event, FanoutReceipt receipt) {
        this.events.increment();
        add(Outcome.ACCEPTED, receipt.accepted());
        add(Outcome.COALESCED, receipt.coalesced());
        add(Outcome.DROPPED, receipt.dropped());
        add(Outcome.CLOSED, receipt.closed());
        add(Outcome.STALE, receipt.stale());
        if (event.key().kind() == RoutingKey.Kind.ROOM) {
            this.lastEvents.put(
                    event.key(),
                    new LastEvent(event.type(), event.delivery().name().wireName(), event.time(), receipt));
        }
    }

    private void add(Outcome outcome, int count) {
        LongAdder adder = this.outcomes.get(outcome);
        if (adder != null && count > 0) {
            adder.add(count);
        }
    }

    /** Passes that ended. */
    long events() {
        return this.events.sum();
    }

    /** The five outcomes by name. */
    Map<String, Long> outcomes() {
        Map<String, Long> result = new LinkedHashMap<>();
        this.outcomes.forEach((outcome, count) -> result.put(outcome.name().toLowerCase(Locale.ROOT), count.sum()));
        return result;
    }

    /** Connections that were admitted. */
    long opened() {
        return this.opened.sum();
    }

    /** Connections that were refused after their handshake. */
    long refused() {
        return this.refused.sum();
    }

    /** Connections that ended, by close code; refused ones are among them. */
    Map<String, Long> closed() {
        Map<Integer, Long> sorted = new TreeMap<>();
        this.closed.forEach((code, count) -> sorted.put(code, count.sum()));
        Map<String, Long> result = new LinkedHashMap<>();
        sorted.forEach((code, count) -> result.put(code == 0 ? RoomPatterns.OTHER : Integer.toString(code), count));
        return result;
    }

    @Nullable
    LastEvent lastEvent(RoutingKey room) {
        return this.lastEvents.getIfPresent(room);
    }
}
