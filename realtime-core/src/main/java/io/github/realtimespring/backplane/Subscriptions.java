package io.github.realtimespring.backplane;

import io.github.realtimespring.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Which keys this node has subscribed, and whether that is in force (SPEC §6).
 *
 * <pre>
 * (none) → SUBSCRIBING → IN_FORCE → UNSUBSCRIBING → (none)
 * </pre>
 *
 * Every join waits for the state that it finds; one that comes while a key is given back waits until it is subscribed
 * again. A failure fails everybody who waits, and the next join tries anew. The last leave only begins a time of grace.
 *
 * <h2>Concurrency</h2>
 *
 * Everything is guarded by {@code lock}. Whether a key is still needed is asked with it held: who became a member before
 * that is seen, and who becomes one afterwards asks for a subscription and finds that the key is being given back. So the
 * registry's locks are taken inside it, never the other way round. The broker is called without it.
 *
 * @param <K> what is subscribed
 */
final class Subscriptions<K> {

    private enum State {
        SUBSCRIBING,
        IN_FORCE,
        UNSUBSCRIBING
    }

    /** What a subscription takes besides the state. */
    interface Steps<K> {
        /** Completes when the subscription is in force. */
        CompletionStage<Void> begin(K key);

        CompletionStage<Void> end(K key);
    }

    private static final class Subscription {

        private State state = State.SUBSCRIBING;
        private CompletableFuture<Void> inForce = new CompletableFuture<>();
        /** Those who came while the key was given back. */
        private @Nullable CompletableFuture<Void> again;
    }

    private final Steps<K> steps;
    private final Predicate<K> needed;
    private final BackplaneObserver observer;
    private final Duration linger;
    private final Ticker ticker;
    private final Object lock = new Object();
    private final Map<K, Subscription> subscriptions = new HashMap<>();
    /** When the last member left, the first of them first. */
    private final LinkedHashMap<K, Long> lingering = new LinkedHashMap<>();

    Subscriptions(Steps<K> steps, Predicate<K> needed, BackplaneObserver observer, Duration linger, Ticker ticker) {
        this.steps = steps;
        this.needed = needed;
        this.observer = observer;
        this.linger = linger;
        this.ticker = ticker;
    }

    /** Completes when the key's subscription is in force. */
    CompletionStage<Void> subscribe(K key) {
        Subscription subscription;
        synchronized (this.lock) {
            Subscription present = this.subscriptions.get(key);
            if (present != null) {
                if (present.state != State.UNSUBSCRIBING) {
                    return present.inForce;
                }
                if (present.again == null) {
                    present.again = new CompletableFuture<>();
                }
                return present.again;
            }
            subscription = new Subscription();
            this.subscriptions.put(key, subscription);
        }
        begin(key, subscription);
        return subscription.inForce;
    }

    private void begin(K key, Subscription subscription) {
        CompletionStage<Void> begun;
        try {
            begun = this.steps.begin(key);
        } catch (RuntimeException ex) {
            begun = CompletableFuture.failedFuture(ex);
        }
        begun.whenComplete((done, failure) -> {
            synchronized (this.lock) {
                if (failure == null) {
                    subscription.state = State.IN_FORCE;
                } else {
                    this.subscriptions.remove(key, subscription);
                    this.lingering.remove(key);
                }
            }
            if (failure == null) {
                this.observer.subscriptionChanged(true);
                subscription.inForce.complete(null);
            } else {
                subscription.inForce.completeExceptionally(failure);
            }
        });
    }

    /** The last member has left, as far as the caller knows. */
    void release(K key) {
        synchronized (this.lock) {
            if (this.subscriptions.containsKey(key)) {
                this.lingering.remove(key);
                this.lingering.put(key, this.ticker.nanos());
            }
        }
    }

    /** Gives back the keys whose grace is over and that nobody needs. */
    void tick() {
        List<K> ending = new ArrayList<>();
        synchronized (this.lock) {
            long now = this.ticker.nanos();
            List<K> over = new ArrayList<>();
            for (Map.Entry<K, Long> released : this.lingering.entrySet()) {
                if (now - released.getValue() < this.linger.toNanos()) {
                    break;
                }
                over.add(released.getKey());
            }
            for (K key : over) {
                Subscription subscription = this.subscriptions.get(key);
                if (subscription != null && subscription.state == State.SUBSCRIBING) {
                    continue;
                }
                this.lingering.remove(key);
                if (subscription != null && subscription.state == State.IN_FORCE && !this.needed.test(key)) {
                    subscription.state = State.UNSUBSCRIBING;
                    ending.add(key);
                }
            }
        }
        ending.forEach(this::end);
    }

    private void end(K key) {
        CompletionStage<Void> ended;
        try {
            ended = this.steps.end(key);
        } catch (RuntimeException ex) {
            ended = CompletableFuture.failedFuture(ex);
        }
        // One that could not be ended brings events that nobody here is in the key for.
        ended.whenComplete((done, failure) -> {
            Subscription again = null;
            synchronized (this.lock) {
                Subscription subscription = this.subscriptions.remove(key);
                if (subscription != null && subscription.again != null) {
                    again = new Subscription();
                    again.inForce = subscription.again;
                    this.subscriptions.put(key, again);
                }
            }
            this.observer.subscriptionChanged(false);
            if (again != null) {
                begin(key, again);
            }
        });
    }

    boolean isInForce(K key) {
        synchronized (this.lock) {
            Subscription subscription = this.subscriptions.get(key);
            return subscription != null && subscription.state == State.IN_FORCE;
        }
    }

    /** How many keys there are, those included that come and go. */
    int size() {
        synchronized (this.lock) {
            return this.subscriptions.size();
        }
    }
}
