package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.Buckets;
import io.github.realtimespring.backplane.NotSentException;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What this node has subscribed, on which connection, and what arrives (rules B4, B7, B8, B10 of
 * {@code docs/contracts/backplane.md}). A channel is heard through the master that has its slot: when that is another one,
 * it is asked for there, whether the server has ended the subscription by itself or not.
 *
 * <p>Lazy: each key has a channel. Sharded and eager: a bucket of keys has one; a node has those of its keys, or all.
 *
 * <h2>Concurrency</h2>
 *
 * Thread-safe; nothing waits. {@code placing} guards where a channel is heard; nothing is called with it held but
 * questions. Messages are handed on by the event loop that read them.
 */
final class Channels implements Ear.Mind {

    private final Names names;
    private final SubscriptionMode mode;
    private final Buckets buckets;
    private final Sights sights;
    private final Function<byte[], @Nullable Ear> ears;
    private final Owner owner;
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();
    /** Keys that share a channel and have not been told yet that they are subscribed: they are owed nothing. */
    private final Set<RoutingKey> joining = ConcurrentHashMap.newKeySet();

    private final Object placing = new Object();
    private volatile Broker.@Nullable Listener listener;

    /** Is told what subscriptions mean for others. */
    interface Owner {

        void up(Ear ear);

        void down(Ear ear);

        /** Something that was heard before is heard again, through this one, and something may have been missed. */
        void missed(Ear ear);

        /** A channel has moved to another master, as it seems. */
        void moved();

        void beacon(Ear ear, byte[] beacon);
    }

    private static final class Subscription {

        private final String channel;
        private final byte[] name;
        /** {@code null} for a bucket. */
        private final @Nullable RoutingKey key;
        /** Whether it is wanted whatever happens, and does not fail. */
        private final boolean always;

        private final CompletableFuture<Void> inForce = new CompletableFuture<>();
        /** Through which it is heard, or asked for. Guarded by {@code placing}. */
        private @Nullable Ear ear;

        private volatile boolean heard;
        /** Those who wait for the answers to repeated questions, which come in order. Guarded by {@code placing}. */
        private final Deque<CompletableFuture<Void>> repeated = new ArrayDeque<>();

        Subscription(String channel, @Nullable RoutingKey key, boolean always) {
            this.channel = channel;
            this.name = Names.bytes(channel);
            this.key = key;
            this.always = always;
        }
    }

    /**
     * @param buckets how many buckets of keys there are, if keys have no channels of their own
     * @param ears the one that hears a channel; {@code null} if there is none
     */
    Channels(
            String application,
            SubscriptionMode mode,
            int buckets,
            Sights sights,
            Function<byte[], @Nullable Ear> ears,
            Owner owner) {
        this.mode = mode;
        this.buckets = new Buckets(buckets, this::openBucket, this::closeBucket);
        this.names = new Names(application, mode == SubscriptionMode.LAZY ? null : this.buckets);
        this.sights = sights;
        this.ears = ears;
        this.owner = owner;
        if (mode == SubscriptionMode.EAGER) {
            for (int bucket = 0; bucket < buckets; bucket++) {
                String channel = this.names.channel(bucket);
                this.subscriptions.put(channel, new Subscription(channel, null, true));
            }
        }
    }

    /** What everything is called, by the mode. */
    Names names() {
        return this.names;
    }

    void start(Broker.Listener listener) {
        this.listener = listener;
    }

    void close() {
        this.listener = null;
    }

    /** What an envelope of the key is sent with in front of it: where keys share a channel, the key. */
    byte[] front(RoutingKey key) {
        return this.mode == SubscriptionMode.LAZY ? Frames.NOTHING : Frames.front(key);
    }

    CompletionStage<Void> subscribe(RoutingKey key) {
        String channel = this.names.channel(key);
        Subscription shared = this.mode == SubscriptionMode.EAGER ? this.subscriptions.get(channel) : null;
        Ear ear = this.ears.apply(Names.bytes(channel));
        if (ear == null || !ear.isUp() || this.mode == SubscriptionMode.EAGER && (shared == null || !shared.heard)) {
            return CompletableFuture.failedFuture(new NotSentException("not connected to Redis"));
        }
        this.sights.begin(key);
        if (this.mode == SubscriptionMode.LAZY) {
            return open(channel, key);
        }
        this.joining.add(key);
        return (this.mode == SubscriptionMode.EAGER ? repeat(channel) : join(key, channel))
                .whenComplete((done, failure) -> this.joining.remove(key));
    }

    private CompletionStage<Void> join(RoutingKey key, String channel) {
        CompletionStage<Void> inForce = this.buckets.subscribe(key);
        return inForce.toCompletableFuture().isDone() ? inForce.thenCompose(done -> repeat(channel)) : inForce;
    }

    /**
     * Asks once more for a channel that is heard. What was sent before has arrived when the answer does, so nobody gets what
     * was sent before he came.
     */
    private CompletionStage<Void> repeat(String channel) {
        Subscription subscription = this.subscriptions.get(channel);
        CompletableFuture<Void> repeated = new CompletableFuture<>();
        Ear ear = null;
        if (subscription != null) {
            synchronized (this.placing) {
                ear = subscription.heard ? subscription.ear : null;
                if (ear != null) {
                    subscription.repeated.add(repeated);
                }
            }
        }
        if (ear == null) {
            return CompletableFuture.failedFuture(new NotSentException("not connected to Redis"));
        }
        ear.subscribe(channel);
        return repeated;
    }

    CompletionStage<Void> unsubscribe(RoutingKey key) {
        this.sights.end(key);
        return switch (this.mode) {
            case EAGER -> CompletableFuture.completedFuture(null);
            case SHARDED -> {
                this.buckets.unsubscribe(key);
                yield CompletableFuture.completedFuture(null);
            }
            case LAZY -> close(this.names.channel(key));
        };
    }

    private CompletionStage<Void> openBucket(int bucket) {
        return open(this.names.channel(bucket), null);
    }

    private CompletionStage<Void> closeBucket(int bucket) {
        return close(this.names.channel(bucket));
    }

    private CompletionStage<Void> open(String channel, @Nullable RoutingKey key) {
        Subscription subscription = new Subscription(channel, key, false);
        Ear ear = this.ears.apply(subscription.name);
        if (ear == null) {
            return CompletableFuture.failedFuture(new NotSentException("not connected to Redis"));
        }
        synchronized (this.placing) {
            subscription.ear = ear;
            this.subscriptions.put(channel, subscription);
        }
        ear.subscribe(channel);
        return subscription.inForce;
    }

    private CompletionStage<Void> close(String channel) {
        Subscription subscription = this.subscriptions.remove(channel);
        if (subscription == null) {
            return CompletableFuture.completedFuture(null);
        }
        Ear ear;
        synchronized (this.placing) {
            ear = subscription.ear;
            subscription.ear = null;
        }
        subscription.inForce.completeExceptionally(new NotSentException("unsubscribed meanwhile"));
        return ear == null ? CompletableFuture.completedFuture(null) : ear.unsubscribe(channel);
    }

    /** A subscription and where it is heard. */
    private record Move(
            Subscription subscription,
            @Nullable Ear from,
            @Nullable Ear to) {}

    /** Asks for every channel where it is to be heard, if it is not asked for there already. */
    void place() {
        List<Move> moves = new ArrayList<>();
        synchronized (this.placing) {
            for (Subscription subscription : this.subscriptions.values()) {
                Ear from = subscription.ear;
                Ear to = this.ears.apply(subscription.name);
                if (to != from) {
                    Ear now = to != null && to.isUp() ? to : null;
                    subscription.ear = now;
                    subscription.heard = false;
                    moves.add(new Move(subscription, from, now));
                }
            }
        }
        for (Move move : moves) {
            if (move.subscription().inForce.isDone()) {
                fail(move.subscription(), new NotSentException("the channel is moving to another master"));
            }
            if (move.from() != null) {
                move.from().unsubscribe(move.subscription().channel);
            }
            if (move.to() != null) {
                move.to().subscribe(move.subscription().channel);
            }
        }
    }

    @Override
    public Collection<String> begin(Ear ear) {
        List<String> channels = new ArrayList<>();
        boolean again = false;
        synchronized (this.placing) {
            for (Subscription subscription : this.subscriptions.values()) {
                if (this.ears.apply(subscription.name) == ear) {
                    subscription.ear = ear;
                    subscription.heard = false;
                    channels.add(subscription.channel);
                    again |= subscription.inForce.isDone();
                }
            }
        }
        if (again) {
            this.owner.missed(ear);
        }
        return channels;
    }

    @Override
    public void heard(Ear ear, String channel) {
        Subscription subscription = this.subscriptions.get(channel);
        if (subscription == null) {
            return;
        }
        boolean before;
        CompletableFuture<Void> repeated;
        synchronized (this.placing) {
            if (subscription.ear != ear) {
                return;
            }
            before = subscription.heard;
            subscription.heard = true;
            repeated = before ? subscription.repeated.poll() : null;
        }
        if (repeated != null) {
            repeated.complete(null);
        }
        boolean again = !subscription.inForce.complete(null) && !before;
        if (again && ear.isUp()) {
            this.owner.missed(ear);
        }
    }

    @Override
    public void unheard(Ear ear, String channel, @Nullable Throwable why) {
        Subscription subscription = this.subscriptions.get(channel);
        if (subscription == null) {
            return;
        }
        synchronized (this.placing) {
            if (subscription.ear != ear) {
                return;
            }
            subscription.ear = null;
            subscription.heard = false;
        }
        if (why == null && ear.isUp() || why != null && Failures.isNotHere(why)) {
            if (subscription.inForce.isDone()) {
                fail(subscription, new NotSentException("the channel is moving to another master"));
            }
            this.owner.moved();
        } else {
            fail(subscription, why == null ? new NotSentException("not connected to Redis") : why);
        }
    }

    /** Those that are in force have completed already, and stay for the next connection. */
    private void fail(Subscription subscription, Throwable failure) {
        List<CompletableFuture<Void>> repeated;
        synchronized (this.placing) {
            repeated = List.copyOf(subscription.repeated);
            subscription.repeated.clear();
        }
        repeated.forEach(waiting -> waiting.completeExceptionally(failure));
        if (!subscription.always && subscription.inForce.completeExceptionally(failure)) {
            this.subscriptions.remove(subscription.channel, subscription);
        }
    }

    @Override
    public void up(Ear ear) {
        this.owner.up(ear);
        place();
    }

    @Override
    public void down(Ear ear) {
        List<Subscription> lost = new ArrayList<>();
        synchronized (this.placing) {
            for (Subscription subscription : this.subscriptions.values()) {
                if (subscription.ear == ear) {
                    subscription.ear = null;
                    subscription.heard = false;
                    lost.add(subscription);
                }
            }
        }
        NotSentException failure = new NotSentException("the connection to Redis was lost");
        lost.forEach(subscription -> fail(subscription, failure));
        this.owner.down(ear);
    }

    @Override
    public void beacon(Ear ear, byte[] beacon) {
        this.owner.beacon(ear, beacon);
    }

    @Override
    public void message(String channel, byte[] message) {
        Broker.Listener listener = this.listener;
        Subscription subscription = this.subscriptions.get(channel);
        if (listener == null || subscription == null) {
            return;
        }
        RoutingKey key = subscription.key;
        byte[] frame = message;
        if (key == null) {
            Frames.Addressed addressed = Frames.address(message);
            if (addressed == null || !this.names.channel(addressed.key()).equals(channel)) {
                listener.refused(Received.MALFORMED);
                return;
            }
            key = addressed.key();
            frame = addressed.rest();
            if (this.joining.contains(key)) {
                return;
            }
        }
        Frames.Arrival arrival = Frames.read(frame);
        Cursor cursor = arrival.cursor();
        if (cursor != null) {
            this.sights.came(key, cursor, arrival.envelope());
        }
        listener.received(key, arrival.envelope(), cursor);
    }
}
