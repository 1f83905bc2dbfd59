package io.github.realtimespring.webflux;

import io.netty.util.concurrent.EventExecutor;
import java.util.Objects;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drains the queues of all connections of one event loop: a fanout pass that fills thousands of queues costs the loop one
 * task and not thousands. First every queue is asked for its next message, then the messages are written one right after the
 * other, then the queues are told ({@code docs/decisions/0014-webflux.md}). One transport's failure is not the others'.
 *
 * <h2>Concurrency</h2>
 *
 * {@code woken} is a stack of transports, linked through themselves, that any thread pushes to and the loop takes whole. A
 * transport is in it at most once, because its queue does not wake it again before it was drained; so it holds no more than
 * there are connections. The stack is {@code null} while no task is scheduled, and stands on {@link #BOTTOM} from the push
 * that scheduled one until that task found nothing left: who pushes onto {@code null} schedules, nobody else does.
 * Everything else belongs to the loop; {@link #pending} reads what it left behind, and may be late.
 */
final class EventLoopDrain implements Runnable {

    private static final Logger logger = LoggerFactory.getLogger(EventLoopDrain.class);

    /** Transports that one task drains before the loop has its turn for what came in meanwhile. */
    private static final int TURN = 256;

    /** Bytes that are taken from queues before they are written. */
    private static final int TURN_BYTES = 1 << 20;

    /** Messages that a transport sends in a turn before other transports have theirs. */
    private static final int MESSAGES_PER_TURN = 4;

    /** What a transport needs to be in the stack. All methods run on the loop. */
    abstract static class Woken {
        private @Nullable Woken next;
        /** How many are in the stack with it, when it is on top. */
        private int height;

        /** Takes the next message from the queue, if there is one: how many bytes it has, or 0. */
        abstract int take(SharedMessages messages);

        /** Writes what was taken: whether it is out, and {@link #written} follows. */
        abstract boolean write();

        /** Tells the queue, which is asked for more then. */
        abstract void written();

        /** One of these methods has thrown: there will be no more of this transport. */
        abstract void failed(Throwable failure);
    }

    private static final Woken BOTTOM = new Woken() {
        @Override
        int take(SharedMessages messages) {
            return 0;
        }

        @Override
        boolean write() {
            return false;
        }

        @Override
        void written() {}

        @Override
        void failed(Throwable failure) {}
    };

    private final EventExecutor loop;
    private final SharedMessages messages = new SharedMessages();
    private final AtomicReference<@Nullable Woken> woken = new AtomicReference<>();
    /** What was taken off the stack and is not drained, first come first. */
    private @Nullable Woken taken;
    /** How many these are; an ordered write and no more, for a reader that only wants to know how many. */
    private final AtomicInteger remaining = new AtomicInteger();

    /** Those that have a message to write. */
    private final @Nullable Woken[] burst = new Woken[TURN];

    EventLoopDrain(EventExecutor loop) {
        this.loop = loop;
    }

    /** Drains {@code transport} soon, on the loop; from any thread. */
    void wake(Woken transport) {
        Woken top;
        do {
            top = this.woken.get();
            Woken below = top == null ? BOTTOM : top;
            transport.next = below;
            transport.height = below.height + 1;
        } while (!this.woken.compareAndSet(top, transport));
        if (top == null) {
            schedule();
        }
    }

    /** Transports that wait to be drained, about; from any thread. */
    int pending() {
        Woken top = this.woken.get();
        return (top == null ? 0 : top.height) + this.remaining.get();
    }

    private void schedule() {
        try {
            this.loop.execute(this);
        } catch (RejectedExecutionException ended) {
            // With the loop end its channels, and with them their queues.
            logger.debug("The event loop has ended", ended);
        }
    }

    @Override
    public void run() {
        write(prepare());
        this.messages.clear();
        while (this.taken == null && take() == null) {
            if (this.woken.compareAndSet(BOTTOM, null)) {
                return;
            }
        }
        schedule();
    }

    /** Fills {@link #burst}, and says how far. */
    private int prepare() {
        int size = 0;
        int bytes = 0;
        for (int looked = 0; looked < TURN && bytes < TURN_BYTES; looked++) {
            Woken transport = this.taken != null ? this.taken : take();
            if (transport == null) {
                break;
            }
            this.taken = transport.next;
            this.remaining.lazySet(this.remaining.getPlain() - 1);
            transport.next = null;
            int message = take(transport);
            if (message > 0) {
                this.burst[size++] = transport;
                bytes += message;
            }
        }
        return size;
    }

    /**
     * Writes one message after the other with as little as possible in between: a client that one of them has woken is still
     * awake when the next ones come, and waking it is half of what a write costs.
     */
    private void write(int prepared) {
        @Nullable Woken[] burst = this.burst;
        int size = prepared;
        for (int round = 1; size > 0; round++) {
            int out = 0;
            for (int i = 0; i < size; i++) {
                Woken transport = Objects.requireNonNull(burst[i]);
                burst[i] = null;
                if (write(transport)) {
                    burst[out++] = transport;
                }
            }
            size = 0;
            for (int i = 0; i < out; i++) {
                Woken transport = Objects.requireNonNull(burst[i]);
                burst[i] = null;
                if (!written(transport)) {
                    continue;
                }
                if (round == MESSAGES_PER_TURN) {
                    wake(transport);
                } else if (take(transport) > 0) {
                    burst[size++] = transport;
                }
            }
        }
    }

    private int take(Woken transport) {
        try {
            return transport.take(this.messages);
        } catch (RuntimeException | OutOfMemoryError failure) {
            transport.failed(failure);
            return 0;
        }
    }

    private static boolean write(Woken transport) {
        try {
            return transport.write();
        } catch (RuntimeException | OutOfMemoryError failure) {
            transport.failed(failure);
            return false;
        }
    }

    private static boolean written(Woken transport) {
        try {
            transport.written();
            return true;
        } catch (RuntimeException | OutOfMemoryError failure) {
            transport.failed(failure);
            return false;
        }
    }

    /** Takes the whole stack and turns it over. */
    private @Nullable Woken take() {
        Woken top = this.woken.getAndSet(BOTTOM);
        Woken first = null;
        int count = 0;
        while (top != null && top != BOTTOM) {
            Woken below = top.next;
            top.next = first;
            first = top;
            top = below;
            count++;
        }
        this.taken = first;
        this.remaining.lazySet(count);
        return first;
    }
}
