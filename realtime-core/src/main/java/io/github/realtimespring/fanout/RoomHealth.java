package io.github.realtimespring.fanout;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Measures the share of recipients that missed events, for rooms that have a policy. Bounded by count and idle time. */
final class RoomHealth {

    private static final int MAX_ROOMS = 100_000;
    private static final Duration FORGOTTEN = Duration.ofMinutes(10);

    private final Function<RoutingKey, @Nullable RoomPolicy> policies;
    private final Ticker ticker;
    private final Cache<RoutingKey, Window> windows;

    RoomHealth(Function<RoutingKey, @Nullable RoomPolicy> policies, Ticker ticker) {
        this.policies = policies;
        this.ticker = ticker;
        this.windows = Caffeine.newBuilder()
                .maximumSize(MAX_ROOMS)
                .expireAfterAccess(FORGOTTEN)
                .ticker(ticker::nanos)
                .build();
    }

    /** What the policy of {@code key} does at this moment. */
    RoomPolicy.Action action(RoutingKey key) {
        RoomPolicy policy = this.policies.apply(key);
        if (policy == null || policy.action() == RoomPolicy.Action.NONE) {
            return RoomPolicy.Action.NONE;
        }
        Window window = this.windows.getIfPresent(key);
        return window != null && window.share(policy, this.ticker.nanos()) > policy.share()
                ? policy.action()
                : RoomPolicy.Action.NONE;
    }

    /** {@return how long the policy of the key measures} */
    Duration window(RoutingKey key) {
        RoomPolicy policy = this.policies.apply(key);
        return policy == null ? Duration.ZERO : policy.window();
    }

    void record(FanoutReceipt receipt) {
        RoomPolicy policy = this.policies.apply(receipt.key());
        if (policy != null && receipt.recipients() > 0) {
            this.windows
                    .get(receipt.key(), key -> new Window())
                    .add(policy, this.ticker.nanos(), receipt.recipients(), receipt.accepted() + receipt.coalesced());
        }
    }

    /** Two halves, so that the share covers between one and two windows and old failures are forgotten. */
    private static final class Window {

        private long began = Long.MIN_VALUE;
        private long total;
        private long missed;
        private long previousTotal;
        private long previousMissed;

        synchronized void add(RoomPolicy policy, long now, int recipients, int took) {
            roll(policy, now);
            this.total += recipients;
            this.missed += recipients - took;
        }

        synchronized double share(RoomPolicy policy, long now) {
            roll(policy, now);
            long all = this.total + this.previousTotal;
            return all == 0 ? 0 : (double) (this.missed + this.previousMissed) / all;
        }

        private void roll(RoomPolicy policy, long now) {
            long length = policy.window().toNanos();
            if (this.began == Long.MIN_VALUE) {
                this.began = now;
            } else if (now - this.began >= length) {
                boolean recent = now - this.began < 2 * length;
                this.previousTotal = recent ? this.total : 0;
                this.previousMissed = recent ? this.missed : 0;
                this.total = 0;
                this.missed = 0;
                this.began = now;
            }
        }
    }
}
