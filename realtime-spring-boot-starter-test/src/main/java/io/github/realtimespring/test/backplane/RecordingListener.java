package io.github.realtimespring.test.backplane;

import io.github.realtimespring.Event;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.Received;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A node without members that keeps what the backplane brings, and knows an event by its id as a node does.
 *
 * @since 0.1.0
 */
public final class RecordingListener implements BackplaneListener {

    private final List<BackplaneMessage> messages = new CopyOnWriteArrayList<>();
    private final Set<String> known = ConcurrentHashMap.newKeySet();
    private final Set<RoutingKey> needed = ConcurrentHashMap.newKeySet();
    private final AtomicLong lost = new AtomicLong();
    private final AtomicBoolean busy = new AtomicBoolean();
    private volatile boolean overlapped;

    @Override
    public Received onMessage(BackplaneMessage message) {
        if (!this.busy.compareAndSet(false, true)) {
            this.overlapped = true;
        }
        try {
            if (!this.known.add(message.event().id())) {
                return Received.DUPLICATE;
            }
            this.messages.add(message);
            return Received.DELIVERED;
        } finally {
            this.busy.set(false);
        }
    }

    @Override
    public boolean isKnown(RoutingKey key, String eventId) {
        return this.known.contains(eventId);
    }

    @Override
    public boolean isNeeded(RoutingKey key) {
        return this.needed.contains(key);
    }

    @Override
    public boolean onLoss(RoutingKey key, long events) {
        this.lost.addAndGet(Math.max(1, events));
        return true;
    }

    /** From now on the key has members. */
    public RecordingListener need(RoutingKey key) {
        this.needed.add(key);
        return this;
    }

    /** What came, in order. */
    public List<BackplaneMessage> messages() {
        return this.messages;
    }

    /** The events that came, in order. */
    public List<Event> events() {
        return this.messages.stream().map(BackplaneMessage::event).toList();
    }

    /** How many events were told to be lost. */
    public long lost() {
        return this.lost.get();
    }

    /** Whether two events came at the same time. */
    public boolean overlapped() {
        return this.overlapped;
    }
}
