package io.github.realtimespring.fanout;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Event;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Pull;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.Recorded;
import io.github.realtimespring.history.Replay;
import io.github.realtimespring.registry.RoomRegistry;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives connections the events of a room's stream that they are behind: in the stream's order, to members only, in the
 * variant that their recipient would have got live (SPEC §3, §4, §10). {@code except} leaves nobody out here.
 *
 * <p>Thread-safe. Every answer is a few events long, so that connections take turns. At most one question per connection
 * waits; what the threads do not take is asked again by the connection.
 *
 * @since 0.1.0
 */
public final class Replayer implements ReplaySource, AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Replayer.class);

    private static final int BACKLOG = 16 << 10;

    private final History history;
    private final RoomRegistry rooms;
    private final EventEncoder encoder;
    private final @Nullable RecipientCustomizer customizer;
    private final Executor executor;
    private final Function<Event, Frame> encoding = this::encode;
    private final AtomicInteger pending = new AtomicInteger();

    /** @param threads how many threads read and encode; they end when there is nothing to do */
    public Replayer(
            History history,
            RoomRegistry rooms,
            EventEncoder encoder,
            @Nullable RecipientCustomizer customizer,
            int threads) {
        this(history, rooms, encoder, customizer, threads(threads));
    }

    /** @param executor reads and encodes; may reject, or run at once */
    public Replayer(
            History history,
            RoomRegistry rooms,
            EventEncoder encoder,
            @Nullable RecipientCustomizer customizer,
            Executor executor) {
        this.history = history;
        this.rooms = rooms;
        this.encoder = encoder;
        this.customizer = customizer;
        this.executor = executor;
    }

    private static Executor threads(int threads) {
        AtomicInteger number = new AtomicInteger();
        ThreadPoolExecutor pool = new ThreadPoolExecutor(
                threads, threads, 30, TimeUnit.SECONDS, new ArrayBlockingQueue<>(BACKLOG), task -> {
                    Thread thread = new Thread(task, "realtime-replay-" + number.incrementAndGet());
                    thread.setDaemon(true);
                    return thread;
                });
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public void pull(Connection connection, Pull pull) {
        this.pending.incrementAndGet();
        try {
            this.executor.execute(() -> read(connection, pull));
        } catch (RejectedExecutionException ex) {
            this.pending.decrementAndGet();
            pull.failed();
        }
    }

    /** Questions that wait or are being answered. */
    public int pending() {
        return this.pending.get();
    }

    private void read(Connection connection, Pull pull) {
        if (!pull.recovered().isEmpty()) {
            hand(connection, pull, pull.recovered());
            return;
        }
        CompletableFuture<Replay> reading;
        try {
            reading = this.history.since(pull.key(), pull.after(), pull.limit()).toCompletableFuture();
        } catch (RuntimeException ex) {
            reading = CompletableFuture.failedFuture(ex);
        }
        if (reading.isDone()) {
            reading.whenComplete((replay, failure) -> answer(connection, pull, replay, failure));
            return;
        }
        // Not on the thread of the store's client.
        reading.handleAsync(
                        (replay, failure) -> {
                            answer(connection, pull, replay, failure);
                            return replay;
                        },
                        this.executor)
                .whenComplete((done, rejected) -> {
                    if (rejected != null) {
                        answered(pull::failed);
                    }
                });
    }

    private void answer(Connection connection, Pull pull, @Nullable Replay replay, @Nullable Throwable failure) {
        if (replay == null) {
            logger.debug("The history of {} cannot be read now", pull.key(), failure);
            answered(pull::failed);
        } else if (!replay.available()) {
            answered(() -> pull.lost(replay.head()));
        } else {
            hand(connection, pull, replay.events());
        }
    }

    private void hand(Connection connection, Pull pull, List<Recorded> events) {
        if (!this.rooms.isMember(pull.key(), connection.id())) {
            answered(pull::notWanted);
            return;
        }
        List<Frame> frames = new ArrayList<>(events.size());
        Cursor end = pull.after();
        for (Recorded recorded : events) {
            end = recorded.cursor();
            Frame frame = render(recorded, connection);
            if (frame == Variants.FAILED) {
                Cursor hole = end;
                answered(() -> pull.replayedUpToHole(frames, hole));
                return;
            }
            if (frame != Variants.SKIPPED) {
                frames.add(frame);
            }
        }
        Cursor last = end;
        answered(() -> pull.replayed(frames, last));
    }

    private Frame render(Recorded recorded, Connection connection) {
        try {
            Frame shared = recorded.as(this.encoding);
            Variants variants = Variants.of(recorded.event(), this.encoder, this.customizer);
            return variants == null ? shared : variants.choose(connection, shared);
        } catch (RuntimeException ex) {
            logger.warn("Event {} cannot be encoded again; who missed it gets a gap", recorded, ex);
            return Variants.FAILED;
        }
    }

    private void answered(Runnable answer) {
        this.pending.decrementAndGet();
        answer.run();
    }

    private Frame encode(Event event) {
        return Frame.event(this.encoder.encode(event, WireFormat.JSON_V1), event);
    }

    @Override
    public void close() {
        if (this.executor instanceof ExecutorService threads) {
            threads.shutdownNow();
        }
    }
}
