package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneStatus;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Logs when the backplane stops working and when it works again. Of one that comes and goes, it is said once a minute that it
 * works, and otherwise that it does not. Called by threads of the backplane with its lock held.
 */
final class BackplaneLog implements BackplaneObserver {

    private static final Logger logger = LoggerFactory.getLogger("io.github.realtimespring.Realtime");

    private static final long SPACING = Duration.ofMinutes(1).toNanos();

    private final String name;
    private final Ticker ticker;
    private boolean worked;
    private boolean warned;
    private boolean informed;
    private long lastInformed;

    BackplaneLog(String name, Ticker ticker) {
        this.name = name;
        this.ticker = ticker;
    }

    @Override
    public synchronized void statusChanged(BackplaneStatus status) {
        if (status.readable() && status.writable()) {
            this.worked = true;
            long now = this.ticker.nanos();
            if (this.warned && !(this.informed && now - this.lastInformed < SPACING)) {
                this.warned = false;
                this.informed = true;
                this.lastInformed = now;
                logger.info("Backplane {} works again", this.name);
            }
        } else if (this.worked && !this.warned) {
            // What has not worked yet is in the line of the start.
            this.warned = true;
            logger.warn("Backplane {} is {}, {}", this.name, state(status), cause(status));
        }
    }

    private static String state(BackplaneStatus status) {
        if (status.readable()) {
            return "not writable";
        }
        return status.writable() ? "not readable" : "neither readable nor writable";
    }

    private static String cause(BackplaneStatus status) {
        return status.lastError() == null ? "no beacon comes back" : "last error " + status.lastError();
    }
}
