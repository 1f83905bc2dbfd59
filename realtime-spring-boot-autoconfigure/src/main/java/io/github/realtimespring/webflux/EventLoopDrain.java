package io.github.realtimespring.webflux;

import io.netty.util.concurrent.EventExecutor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drains the queues of all connections of one event loop: a fanout pass that fills thousands of queues costs the loop one
 * task and not thousands ({@code docs/decisions/0014-webflux.md}).
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

    /** What a transport needs to be in the stack. */
    abstract static class Woken {
        private @Nullable Woken next;
        /** How many are in the stack with it, when it is on top. */
        private int height;

        /** Drains, on the loop; never throws. */
        abstract void drain(SharedMessages messages);
    }

    private static final Woken BOTTOM = new Woken() {
        @Override
        void drain(SharedMessages messages) {}
    };

    private final EventExecutor loop;
    private final SharedMessages messages = new SharedMessages();
    private final AtomicReference<@Nullable Woken> woken = new AtomicReference<>();
    /** What was taken off the stack and is not drained, first come first. */
    private @Nullable Woken taken;
    /** How many these are; an ordered write and no more, for a reader that only wants to know how many. */
    private final AtomicInteger remaining = new AtomicInteger();

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
        int budget = TURN;
        while (true) {
            Woken transport = this.taken != null ? this.taken : take();
            if (transport == null) {
                if (this.woken.compareAndSet(BOTTOM, null)) {
                    break;
                }
                continue;
            }
            if (budget-- == 0) {
                schedule();
                break;
            }
            this.taken = transport.next;
            this.remaining.lazySet(this.remaining.getPlain() - 1);
            transport.next = null;
            transport.drain(this.messages);
        }
        this.messages.clear();
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
