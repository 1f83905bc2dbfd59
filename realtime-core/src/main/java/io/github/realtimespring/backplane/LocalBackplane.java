package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Event;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.history.MemoryStreams;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The backplane of an application that runs in one process. Its commit is the append to the stream in memory, so every
 * delivery class works on it; what it records is lost with the process.
 *
 * @since 0.1.0
 */
public final class LocalBackplane implements BackplaneAdapter {

    private static final CompletionStage<Void> DONE = CompletableFuture.completedFuture(null);

    private final MemoryStreams streams;
    private final BackplaneStatus status = new BackplaneStatus(true, true, Instant.now(), null);
    private volatile @Nullable BackplaneListener listener;

    public LocalBackplane(MemoryStreams streams) {
        this.streams = streams;
    }

    @Override
    public String name() {
        return "local";
    }

    @Override
    public void start(BackplaneListener listener) {
        this.listener = listener;
    }

    @Override
    public CompletionStage<Published> publish(BackplaneMessage message) {
        BackplaneListener listener = this.listener;
        Event event = message.event();
        boolean returns = event.delivery().order() == PublishOrder.BACKPLANE_ONLY;
        if (listener == null) {
            return done(BackplaneOutcome.REJECTED, null);
        }
        try {
            if (!event.delivery().recoverable()) {
                if (returns) {
                    listener.onMessage(message);
                }
                return done(BackplaneOutcome.PUBLISHED, null);
            }
            Consumer<Event> taker = placed -> {
                if (returns) {
                    listener.onMessage(new BackplaneMessage(message.origin(), placed, message.trace()));
                }
            };
            return done(BackplaneOutcome.RECORDED, this.streams.append(event, taker));
        } catch (RealtimeException refused) {
            return done(BackplaneOutcome.REJECTED, null);
        }
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        return DONE;
    }

    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        return DONE;
    }

    @Override
    public BackplaneStatus status() {
        return this.status;
    }

    @Override
    public void close() {
        this.listener = null;
    }

    private static CompletionStage<Published> done(BackplaneOutcome outcome, @Nullable Cursor cursor) {
        return CompletableFuture.completedFuture(new Published(outcome, cursor));
    }
}
