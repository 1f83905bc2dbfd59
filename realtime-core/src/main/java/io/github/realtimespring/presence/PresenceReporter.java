package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.NotSentException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.IntConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the store of this node's users, one call for each bucket at a time, and renews the leases under which it does.
 *
 * <p>Thread-safe; the fields are guarded by the monitor, and the store is called without it. What has to be told waits in
 * {@link LocalPresence}, so a store that cannot be reached costs nothing here.
 */
final class PresenceReporter {

    private static final Logger logger = LoggerFactory.getLogger(PresenceReporter.class);

    /** Users in one call. */
    private static final int LIMIT = 500;

    private static final long RETRY_NANOS = Duration.ofMillis(500).toNanos();

    private final LocalPresence local;
    private final PresenceStore store;
    private final String origin;
    private final PresenceSettings settings;
    private final IntConsumer changed;
    private final Ticker ticker;
    private final Map<Integer, Lease> leases = new HashMap<>();
    private final Set<Integer> inFlight = new HashSet<>();
    private boolean leaving;

    /** What this node knows of its lease in a bucket. */
    private static final class Lease {

        /** The store has taken one. */
        private boolean held;

        /** A call may have been done and not answered: what it knew of an earlier lease, nobody knows. */
        private boolean unsure;

        private long renewAt;
        private long retryAt;
    }

    /** @param changed told of each bucket in which users of rooms changed */
    PresenceReporter(
            LocalPresence local,
            PresenceStore store,
            String origin,
            PresenceSettings settings,
            IntConsumer changed,
            Ticker ticker) {
        this.local = local;
        this.store = store;
        this.origin = origin;
        this.settings = settings;
        this.changed = changed;
        this.ticker = ticker;
    }

    /** Begins the calls that are due. */
    void tick(long now) {
        Set<Integer> due = new LinkedHashSet<>(this.local.pending());
        List<Integer> occupied = this.local.occupied();
        synchronized (this) {
            due.removeIf(bucket -> {
                Lease lease = this.leases.get(bucket);
                return lease != null && lease.retryAt - now > 0;
            });
            for (Integer bucket : occupied) {
                Lease lease = this.leases.get(bucket);
                if (!this.leaving && (lease == null || lease.renewAt - now <= 0 && lease.retryAt - now <= 0)) {
                    due.add(bucket);
                }
            }
            this.leases
                    .keySet()
                    .removeIf(bucket ->
                            !occupied.contains(bucket) && !due.contains(bucket) && !this.inFlight.contains(bucket));
            due.removeAll(this.inFlight);
            this.inFlight.addAll(due);
        }
        due.forEach(bucket -> report(bucket, now));
    }

    private CompletionStage<?> report(int bucket, long now) {
        List<PresenceStore.Report> reports = this.local.take(bucket, LIMIT);
        Duration lease;
        synchronized (this) {
            this.leases.computeIfAbsent(bucket, none -> new Lease()).renewAt =
                    now + this.settings.renewal().toNanos();
            lease = this.leaving ? this.settings.grace() : this.settings.lease();
        }
        CompletionStage<Boolean> call;
        try {
            call = this.store.report(bucket, this.origin, lease, reports);
        } catch (RuntimeException ex) {
            call = CompletableFuture.failedFuture(ex);
        }
        return call.handle((known, failure) -> {
            if (failure == null) {
                reported(bucket, reports, known);
            } else {
                logger.debug("The store cannot be told who is in the rooms of bucket {}", bucket, failure);
                this.local.notTold(bucket, reports);
            }
            synchronized (this) {
                this.inFlight.remove(bucket);
                Lease of = this.leases.get(bucket);
                if (failure != null && of != null) {
                    of.unsure |= !isNotSent(failure);
                    of.retryAt = this.ticker.nanos() + RETRY_NANOS;
                    of.renewAt = of.retryAt;
                }
            }
            return null;
        });
    }

    private static boolean isNotSent(Throwable failure) {
        Throwable cause = failure instanceof CompletionException ? failure.getCause() : failure;
        return cause instanceof NotSentException;
    }

    private void reported(int bucket, List<PresenceStore.Report> reports, boolean known) {
        this.local.told(reports);
        boolean again;
        synchronized (this) {
            Lease lease = this.leases.computeIfAbsent(bucket, none -> new Lease());
            again = lease.held && (!known || lease.unsure);
            lease.held = true;
            lease.unsure = false;
        }
        if (again) {
            // The lease ended, or the store lost it, or may have: what was said under it may be gone.
            this.local.forgotten(bucket);
        }
        if (again || reports.stream().anyMatch(report -> report.key().kind() == RoutingKey.Kind.ROOM)) {
            this.changed.accept(bucket);
        }
    }

    /**
     * This node goes: its users stay for the grace and no longer, unless they are back on another node by then.
     *
     * @return completes when the store was told, or could not be
     */
    CompletionStage<Void> leaving() {
        List<Integer> occupied = this.local.occupied();
        long now = this.ticker.nanos();
        synchronized (this) {
            this.leaving = true;
        }
        List<CompletableFuture<?>> calls = new ArrayList<>();
        for (Integer bucket : occupied) {
            synchronized (this) {
                // A call that is under way is behind this one or in front of it: either way the next renewal is not.
                this.inFlight.add(bucket);
            }
            calls.add(report(bucket, now).toCompletableFuture());
        }
        return CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new));
    }

    /** This node stays after all. */
    synchronized void staying() {
        if (this.leaving) {
            this.leaving = false;
            long now = this.ticker.nanos();
            this.leases.values().forEach(lease -> lease.renewAt = now);
        }
    }
}
