package io.github.realtimespring.history;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Idempotency keys in the memory of this process. Bounded by bytes and time: of what is over, the oldest goes first, as in
 * the window of event ids and for its reason. What is claimed does not go, and is bounded by number: one more is refused.
 *
 * <p>Guarded by its monitor, a leaf. Both maps are in the order in which their entries end; an entry is in one of them.
 *
 * @since 0.1.0
 */
public final class MemoryIdempotencyStore implements IdempotencyStore {

    /** What an entry takes besides its answer, about. */
    static final int OVERHEAD = 400;

    private static final CompletionStage<Void> DONE = CompletableFuture.completedFuture(null);

    private final long window;
    private final long lease;
    private final long maxBytes;
    private final int maxClaims;
    private final Ticker ticker;
    private final LinkedHashMap<Scope, Entry> claimed = new LinkedHashMap<>();
    private final LinkedHashMap<Scope, Entry> settled = new LinkedHashMap<>();
    private long bytes;

    /**
     * @param end when the lease ends, or when it is forgotten
     * @param holder {@code null} if it is nobody's
     */
    private record Entry(String eventId, long end, @Nullable String holder, byte @Nullable [] answer) {

        int bytes() {
            return OVERHEAD + (this.answer == null ? 0 : this.answer.length);
        }
    }

    /**
     * @param window how long answers and event ids are remembered
     * @param lease how long a claim is good
     * @param maxBytes what may be remembered of what is over
     * @param maxClaims claims at the same time
     */
    public MemoryIdempotencyStore(Duration window, Duration lease, long maxBytes, int maxClaims, Ticker ticker) {
        this.window = window.toNanos();
        this.lease = lease.toNanos();
        this.maxBytes = maxBytes;
        this.maxClaims = maxClaims;
        this.ticker = ticker;
    }

    @Override
    public synchronized CompletionStage<Claim> claim(Scope scope, String holder, String eventId) {
        long now = this.ticker.nanos();
        expire(now);
        Entry over = this.settled.get(scope);
        if (over != null && over.answer != null) {
            return claim(State.ANSWERED, over);
        }
        Entry claimed = this.claimed.get(scope);
        if (claimed != null && !holder.equals(claimed.holder)) {
            return claim(State.TAKEN, claimed);
        }
        if (claimed == null && this.claimed.size() >= this.maxClaims) {
            return CompletableFuture.failedFuture(
                    new RejectedExecutionException(this.maxClaims + " publishes with a key are under way"));
        }
        Entry before = claimed != null ? claimed : over;
        Entry mine = new Entry(before == null ? eventId : before.eventId, now + this.lease, holder, null);
        remove(scope);
        this.claimed.put(scope, mine);
        return claim(State.MINE, mine);
    }

    private static CompletionStage<Claim> claim(State state, Entry entry) {
        return CompletableFuture.completedFuture(new Claim(state, entry.eventId, entry.answer));
    }

    @Override
    public synchronized CompletionStage<Void> answer(Scope scope, String eventId, byte[] answer) {
        long now = this.ticker.nanos();
        expire(now);
        Entry over = this.settled.get(scope);
        if (over == null || over.answer == null) {
            remove(scope);
            settle(scope, new Entry(eventId, now + this.window, null, answer));
        }
        return DONE;
    }

    @Override
    public synchronized CompletionStage<Void> release(Scope scope, String holder, String eventId) {
        long now = this.ticker.nanos();
        expire(now);
        Entry claimed = this.claimed.get(scope);
        if (claimed != null ? holder.equals(claimed.holder) : !this.settled.containsKey(scope)) {
            remove(scope);
            settle(scope, new Entry(eventId, now + this.window, null, null));
        }
        return DONE;
    }

    /** How many scopes are remembered. */
    public synchronized int size() {
        expire(this.ticker.nanos());
        return this.claimed.size() + this.settled.size();
    }

    private void remove(Scope scope) {
        this.claimed.remove(scope);
        Entry over = this.settled.remove(scope);
        if (over != null) {
            this.bytes -= over.bytes();
        }
    }

    private void settle(Scope scope, Entry over) {
        this.settled.put(scope, over);
        this.bytes += over.bytes();
        Iterator<Entry> oldest = this.settled.values().iterator();
        while (this.bytes > this.maxBytes && oldest.hasNext()) {
            this.bytes -= oldest.next().bytes();
            oldest.remove();
        }
    }

    private void expire(long now) {
        while (!this.claimed.isEmpty()) {
            Map.Entry<Scope, Entry> first = this.claimed.entrySet().iterator().next();
            if (first.getValue().end - now > 0) {
                break;
            }
            this.claimed.remove(first.getKey());
            settle(first.getKey(), new Entry(first.getValue().eventId, now + this.window, null, null));
        }
        Iterator<Entry> oldest = this.settled.values().iterator();
        while (oldest.hasNext()) {
            Entry entry = oldest.next();
            if (entry.end - now > 0) {
                break;
            }
            this.bytes -= entry.bytes();
            oldest.remove();
        }
    }
}
