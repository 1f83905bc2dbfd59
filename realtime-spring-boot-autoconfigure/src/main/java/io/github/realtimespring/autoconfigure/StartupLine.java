package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.handler.RoomHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.unit.DataSize;

/**
 * Says in one line what runs, once it does: {@code Realtime ready: ws,sse,poll at /realtime · backplane local readable,writable · 4
 * rooms, 11 handlers · node 6f2c · queue 1MB close}.
 */
final class StartupLine extends AbstractLifecycle {

    private static final Logger logger = LoggerFactory.getLogger("io.github.realtimespring.Realtime");

    /** How long the line waits for the first proof that the backplane works. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final List<TransportName> transports;
    private final String basePath;
    private final BackplaneAdapter backplane;
    private final RoomHandlers handlers;
    private final String node;
    private final QueueLimits queue;

    StartupLine(
            List<TransportName> transports,
            String basePath,
            BackplaneAdapter backplane,
            RoomHandlers handlers,
            String node,
            QueueLimits queue) {
        super(DrainLifecycle.PHASE);
        this.transports = List.copyOf(transports);
        this.basePath = basePath;
        this.backplane = backplane;
        this.handlers = handlers;
        this.node = node;
        this.queue = queue;
    }

    @Override
    public String toString() {
        return "Realtime ready: " + transports() + " · backplane " + backplane() + " · "
                + count(this.handlers.patterns().size(), "room") + ", "
                + count(this.handlers.describe().size(), "handler") + " · node " + this.node + " · queue "
                + size(this.queue.maxBytes()) + " "
                + this.queue.overflow().name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private String transports() {
        return this.transports.isEmpty()
                ? "no transport"
                : String.join(
                                ",",
                                this.transports.stream()
                                        .map(TransportName::name)
                                        .toList()) + " at " + this.basePath;
    }

    private String backplane() {
        BackplaneStatus status = this.backplane.status();
        String mode = this.backplane instanceof BrokerBackplane shared
                ? " (" + shared.mode().wireName() + ")"
                : "";
        return this.backplane.name() + mode + " " + (status.readable() ? "readable" : "not readable") + ","
                + (status.writable() ? "writable" : "not writable");
    }

    private static String count(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }

    static String size(long bytes) {
        DataSize size = DataSize.ofBytes(bytes);
        if (bytes % (1 << 20) == 0) {
            return size.toMegabytes() + "MB";
        }
        return bytes % (1 << 10) == 0 ? size.toKilobytes() + "KB" : bytes + "B";
    }

    @Override
    void begin() {
        if (logger.isInfoEnabled()) {
            awaitProof();
            logger.info(toString());
        }
    }

    /** The first beacon comes back within milliseconds; a broker that is away delays the start by no more than this. */
    private void awaitProof() {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!(this.backplane.status().readable() && this.backplane.status().writable()) && System.nanoTime() < end) {
            try {
                Thread.sleep(5);
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    @Override
    void end(Runnable done) {
        done.run();
    }
}
