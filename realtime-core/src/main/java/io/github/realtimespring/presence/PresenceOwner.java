package io.github.realtimespring.presence;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Derives what changed in the rooms of the buckets that this node owns, and publishes it once for everybody.
 *
 * <p>A derivation is made when a change is due, and now and then to see whether the leases of nodes have ended. It tells
 * the store what was published; what was not is in the next one again, so a change is told at least once, by whoever owns
 * the bucket then.
 *
 * <p>Two things are waited for, each as long as it takes the other nodes to renew their leases. A store that could not be
 * reached from here may not have been reached from there: no lease ends until they could. A store that forgot the bucket
 * is being told by all nodes again: nothing is published until they have, so nobody sees it half full.
 *
 * <h2>Concurrency</h2>
 *
 * What is known of a bucket is guarded by its monitor; neither the store nor {@code publisher} is called with it held.
 */
final class PresenceOwner implements ShardRouter.Listener {

    private static final Logger logger = LoggerFactory.getLogger(PresenceOwner.class);

    /** Users that one derivation looks at. */
    private static final int LIMIT = 1000;

    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();

    private final PresenceStore store;
    private final ShardRouter router;
    private final PresenceSettings settings;
    private final Function<PresenceChange, CompletionStage<Boolean>> publisher;
    private final PresenceObserver observer;
    private final Ticker ticker;
    private final long debounce;
    private final long renewal;
    /** How long it takes all nodes to renew their leases. */
    private final long settling;

    private final long started;

    private final Map<Integer, Owned> owned = new ConcurrentHashMap<>();
    /** What the store said last, also of buckets that were lost since; as many as there are buckets. */
    private final Map<Integer, Birth> births = new ConcurrentHashMap<>();

    /**
     * When the store first heard of a bucket.
     *
     * @param silentUntil nothing is derived before, by whichever token this node owns the bucket then
     */
    private record Birth(long time, long silentUntil) {}

    private static final class Owned {

        private final int bucket;
        private final long token;
        private final Map<RoutingKey, Long> published = new HashMap<>();
        private final Set<RoutingKey> publishing = new HashSet<>();
        private long wakeAt;
        private long derivedAt;
        private boolean deriving;
        /** No lease ends before. */
        private long expiresAt;

        private boolean first = true;

        Owned(int bucket, long token, long now, long before, long expiresAt) {
            this.bucket = bucket;
            this.token = token;
            this.wakeAt = now;
            this.derivedAt = before;
            this.expiresAt = expiresAt;
        }
    }

    /** @param publisher tells everybody of a change; the answer says whether it was published */
    PresenceOwner(
            PresenceStore store,
            ShardRouter router,
            PresenceSettings settings,
            Function<PresenceChange, CompletionStage<Boolean>> publisher,
            PresenceObserver observer,
            Ticker ticker) {
        this.store = store;
        this.router = router;
        this.settings = settings;
        this.publisher = publisher;
        this.observer = observer;
        this.ticker = ticker;
        this.debounce = settings.debounce().toNanos();
        this.renewal = settings.renewal().toNanos();
        this.settling = this.renewal + this.renewal / 2 + RETRY_NANOS;
        this.started = ticker.nanos();
    }

    @Override
    public void taken(int bucket, long token) {
        long now = this.ticker.nanos();
        // Whoever comes to own a bucket may do so because the store was gone, for everybody.
        this.owned.put(bucket, new Owned(bucket, token, now, now - this.debounce, now + this.settling));
    }

    @Override
    public void lost(int bucket) {
        this.owned.remove(bucket);
    }

    /** Something was reported in a bucket: it counts when it has lasted. */
    void changed(int bucket) {
        Owned owned = this.owned.get(bucket);
        if (owned != null) {
            wake(owned, this.ticker.nanos() + this.debounce);
        }
    }

    /** Reports may have been missed. */
    void missed() {
        long now = this.ticker.nanos();
        this.owned.values().forEach(owned -> wake(owned, now));
    }

    private void wake(Owned owned, long at) {
        synchronized (owned) {
            // Not more often than that, whatever comes.
            long earliest = owned.derivedAt + this.debounce;
            long wakeAt = at - earliest < 0 ? earliest : at;
            if (wakeAt - owned.wakeAt < 0) {
                owned.wakeAt = wakeAt;
            }
        }
    }

    /** Begins the derivations that are due. */
    void tick(long now) {
        for (Owned owned : this.owned.values()) {
            synchronized (owned) {
                if (owned.deriving || owned.wakeAt - now > 0 || silentUntil(owned.bucket, now) - now > 0) {
                    continue;
                }
                owned.deriving = true;
            }
            derive(owned, now);
        }
    }

    private void derive(Owned owned, long now) {
        Ownership ownership = this.router.ownership(owned.bucket);
        if (!ownership.mine() || ownership.token() != owned.token) {
            // The router is about to say so.
            finish(owned, now + this.debounce);
            return;
        }
        PresenceStore.Terms terms;
        synchronized (owned) {
            owned.derivedAt = now;
            owned.wakeAt = now + 2 * this.renewal;
            terms = new PresenceStore.Terms(
                    this.settings.debounce(),
                    now - owned.expiresAt >= 0,
                    LIMIT,
                    this.settings.maxListed(),
                    owned.published);
        }
        CompletionStage<PresenceStore.Derivation> call;
        try {
            call = this.store.derive(owned.bucket, owned.token, terms);
        } catch (RuntimeException ex) {
            call = CompletableFuture.failedFuture(ex);
        }
        call.whenComplete((derived, failure) -> {
            if (failure == null) {
                derived(owned, terms, derived);
            } else {
                failed(owned, failure);
            }
        });
    }

    private void finish(Owned owned, long wakeAt) {
        synchronized (owned) {
            owned.deriving = false;
            if (wakeAt - owned.wakeAt < 0) {
                owned.wakeAt = wakeAt;
            }
        }
    }

    private void failed(Owned owned, Throwable failure) {
        logger.debug("What changed in the rooms of bucket {} cannot be derived now", owned.bucket, failure);
        long now = this.ticker.nanos();
        synchronized (owned) {
            owned.expiresAt = now + this.settling;
        }
        finish(owned, now + RETRY_NANOS);
    }

    private void derived(Owned owned, PresenceStore.Terms terms, PresenceStore.Derivation derived) {
        long now = this.ticker.nanos();
        if (derived.refused()) {
            // Somebody else owns it, and has since before this node knows.
            logger.debug("Bucket {} has a younger owner than token {}", owned.bucket, owned.token);
            this.owned.remove(owned.bucket, owned);
            return;
        }
        synchronized (owned) {
            terms.published().forEach(owned.published::remove);
            if (isLost(owned, derived, now)) {
                logger.info("The store lost who is in the rooms of bucket {}; it is being told again", owned.bucket);
                this.births.put(owned.bucket, new Birth(derived.born(), now + this.settling));
            }
            long silentUntil = silentUntil(owned.bucket, now);
            if (silentUntil - now > 0) {
                owned.expiresAt = silentUntil;
                owned.deriving = false;
                owned.wakeAt = silentUntil;
                return;
            }
        }
        if (derived.suppressed() > 0) {
            this.observer.suppressed(derived.suppressed());
        }
        derived.changes().forEach(change -> publish(owned, change));
        if (derived.next() == 0) {
            finish(owned, now);
        } else if (derived.next() > 0) {
            finish(
                    owned,
                    now
                            + Math.max(
                                    this.debounce,
                                    Duration.ofMillis(derived.next()).toNanos()));
        } else {
            finish(owned, now + untilNextLook(owned, derived.idle(), now));
        }
    }

    /**
     * A report that nobody told of is found all the same; a bucket in which nobody is costs little. While a bucket changes
     * hands others tell whoever they take for its owner, so until that is settled it is looked at more often.
     */
    private long untilNextLook(Owned owned, boolean idle, long now) {
        synchronized (owned) {
            if (owned.expiresAt - now > 0) {
                return Math.min(RETRY_NANOS, this.renewal);
            }
        }
        return idle ? 2 * this.renewal : this.renewal;
    }

    private long silentUntil(int bucket, long now) {
        Birth birth = this.births.get(bucket);
        return birth == null ? now : birth.silentUntil();
    }

    /** Whether the store has lost the bucket since this node, or whoever owned it before, knew it. */
    private boolean isLost(Owned owned, PresenceStore.Derivation derived, long now) {
        long born = derived.born();
        Birth before = this.births.get(owned.bucket);
        boolean first = owned.first;
        owned.first = false;
        if (before != null) {
            return born != 0 && born != before.time();
        }
        if (born != 0) {
            this.births.put(owned.bucket, new Birth(born, now));
        }
        long settling = this.settling / 1_000_000;
        return first && born != 0 && derived.time() - born < settling && now - this.started > this.settling;
    }

    private void publish(Owned owned, PresenceChange change) {
        synchronized (owned) {
            if (!owned.publishing.add(change.room()) && change.previous() == PresenceChange.NONE) {
                // On its way already, or about to be repeated.
                return;
            }
        }
        CompletionStage<Boolean> publishing;
        try {
            publishing = this.publisher.apply(change);
        } catch (RuntimeException ex) {
            publishing = CompletableFuture.failedFuture(ex);
        }
        publishing.whenComplete((done, failure) -> {
            boolean published = failure == null && done;
            synchronized (owned) {
                owned.publishing.remove(change.room());
                if (published) {
                    owned.published.merge(change.room(), change.version(), Math::max);
                }
            }
            if (published) {
                this.observer.published(change);
            } else {
                wake(owned, this.ticker.nanos() + RETRY_NANOS);
            }
        });
    }

    /** How many buckets this node owns. */
    int size() {
        return this.owned.size();
    }
}
