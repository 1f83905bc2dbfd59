package io.github.realtimespring.connection;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Warns about slow and silent peers: one line per minute and cause, with how many there were, never one per connection.
 *
 * @since 0.1.0
 */
public final class ConnectionWarnings implements ConnectionListener {

    private static final Logger logger = LoggerFactory.getLogger(ConnectionWarnings.class);
    private static final long INTERVAL = Duration.ofMinutes(1).toNanos();

    private final Cause slow;
    private final Cause behind;
    private final Cause silent;

    public ConnectionWarnings(Ticker ticker) {
        this.slow =
                new Cause(ticker, "closed with 1013: their queue was full or a write took longer than send-timeout");
        this.behind = new Cause(ticker, "missed events because their queue was full, and got a gap");
        this.silent = new Cause(ticker, "closed because they did not answer heartbeats");
    }

    @Override
    public void closed(Connection connection, CloseReason reason, Initiator initiator) {
        if (initiator == Initiator.SERVER && reason.code() == CloseReason.SLOW_CONSUMER.code()) {
            this.slow.happened(connection);
        }
    }

    @Override
    public void gapDeclared(Connection connection, GapReason reason) {
        if (reason == GapReason.OVERFLOW) {
            this.behind.happened(connection);
        }
    }

    @Override
    public void heartbeatMissed(Connection connection) {
        this.silent.happened(connection);
    }

    /** Counts, and speaks when it has been quiet for long enough. */
    private static final class Cause {

        private final Ticker ticker;
        private final String what;
        private final AtomicLong count = new AtomicLong();
        private final AtomicLong quietUntil;

        Cause(Ticker ticker, String what) {
            this.ticker = ticker;
            this.what = what;
            this.quietUntil = new AtomicLong(ticker.nanos());
        }

        void happened(Connection connection) {
            this.count.incrementAndGet();
            long now = this.ticker.nanos();
            long until = this.quietUntil.get();
            if (now - until >= 0 && this.quietUntil.compareAndSet(until, now + INTERVAL)) {
                logger.warn(
                        "{} connections {}; the last one is {}", this.count.getAndSet(0), this.what, connection.id());
            }
        }
    }
}
