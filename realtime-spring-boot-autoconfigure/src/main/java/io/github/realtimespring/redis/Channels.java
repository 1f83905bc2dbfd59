package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.NotSentException;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node has subscribed, and what arrives (rules B4, B7, B8 of {@code docs/contracts/backplane.md}). A
 * subscription is in force when the server has said so, by name, on the connection of the moment; on the next one all of
 * them are, before it counts as one.
 *
 * <p>Thread-safe; nothing waits. Messages are handed on by the event loop that read them.
 */
final class Channels {

    private static final Logger logger = LoggerFactory.getLogger(Channels.class);

    /** Channels in one SUBSCRIBE. */
    private static final int BATCH = 256;

    private final Names names;
    private final Duration timeout;
    private final Link<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final Map<String, Subscription> subscriptions = new ConcurrentHashMap<>();
    private volatile Broker.@Nullable Listener listener;
    private volatile @Nullable Receiver receiver;

    /**
     * A place of a stream that this node knows, with what is in it.
     *
     * @param checksum of the envelope
     */
    record Sight(Cursor cursor, long checksum) {

        static Sight of(Cursor cursor, byte[] envelope) {
            CRC32C checksum = new CRC32C();
            checksum.update(envelope);
            return new Sight(cursor, checksum.getValue());
        }
    }

    private static final class Subscription {

        private final RoutingKey key;
        private final CompletableFuture<Void> inForce = new CompletableFuture<>();
        /** Of the key's stream: the last place that is known here. Written with the monitor held. */
        private volatile @Nullable Sight sight;

        Subscription(RoutingKey key) {
            this.key = key;
        }

        /** An event came. What comes is in order, other epochs included. */
        synchronized void came(Sight sight) {
            this.sight = sight;
        }

        /** An event of this node was recorded; that may have come through the channel long ago. */
        synchronized void recorded(Sight sight) {
            Sight before = this.sight;
            if (before == null
                    || before.cursor().epoch().equals(sight.cursor().epoch())
                            && before.cursor().offset() < sight.cursor().offset()) {
                this.sight = sight;
            }
        }
    }

    /** @param owner what else is to be done when the connection comes and goes */
    Channels(Names names, Link.Owner<Object> owner, Connections connections, RedisSettings settings) {
        this.names = names;
        this.timeout = settings.publishTimeout();
        this.link = new Link<>("channels", connections::openChannels, new Connection(owner), settings.publishTimeout());
    }

    void start(Broker.Listener listener) {
        this.listener = listener;
        this.link.start();
    }

    boolean areUp() {
        return this.link.isUp();
    }

    CompletionStage<Void> subscribe(RoutingKey key) {
        StatefulRedisPubSubConnection<String, byte[]> connection = this.link.connection();
        if (connection == null) {
            return CompletableFuture.failedFuture(new NotSentException("not connected to Redis"));
        }
        String channel = this.names.channel(key);
        Subscription subscription = new Subscription(key);
        this.subscriptions.put(channel, subscription);
        connection.async().subscribe(channel).whenComplete((done, failure) -> {
            if (failure != null) {
                fail(channel, subscription, Failures.of(failure));
            }
        });
        return subscription.inForce;
    }

    private void fail(String channel, Subscription subscription, Throwable failure) {
        if (subscription.inForce.completeExceptionally(failure)) {
            this.subscriptions.remove(channel, subscription);
        }
    }

    CompletionStage<Void> unsubscribe(RoutingKey key) {
        String channel = this.names.channel(key);
        Subscription subscription = this.subscriptions.remove(channel);
        if (subscription != null) {
            subscription.inForce.completeExceptionally(new NotSentException("unsubscribed meanwhile"));
        }
        StatefulRedisPubSubConnection<String, byte[]> connection = this.link.connection();
        if (connection == null) {
            // It ended with the connection.
            return CompletableFuture.completedFuture(null);
        }
        return connection.async().unsubscribe(channel);
    }

    /** The last place of a key's stream that this node knows, if it has subscribed the key. */
    @Nullable
    Sight sight(RoutingKey key) {
        Subscription subscription = this.subscriptions.get(this.names.channel(key));
        return subscription == null ? null : subscription.sight;
    }

    /** The server has recorded an event of this node. */
    void recorded(RoutingKey key, Cursor cursor, byte[] envelope) {
        Subscription subscription = this.subscriptions.get(this.names.channel(key));
        if (subscription != null) {
            subscription.recorded(Sight.of(cursor, envelope));
        }
    }

    /** The last places of all keys that are subscribed. */
    Map<RoutingKey, Sight> sights() {
        Map<RoutingKey, Sight> sights = new HashMap<>();
        for (Subscription subscription : this.subscriptions.values()) {
            Sight sight = subscription.sight;
            if (sight != null) {
                sights.put(subscription.key, sight);
            }
        }
        return sights;
    }

    /**
     * The server took a beacon. What it takes comes through the channel that everybody has; if several did not for longer
     * than a publish may take, the connection only looks open.
     */
    void beaconTaken(int patience) {
        Receiver receiver = this.receiver;
        if (receiver != null && this.link.isUp() && receiver.isDeaf(patience)) {
            this.link.reset("beacons do not come back through it");
        }
    }

    void close() {
        this.listener = null;
        this.link.close();
    }

    /** What the connection's coming and going means for subscriptions. */
    private final class Connection implements Link.Owner<StatefulRedisPubSubConnection<String, byte[]>> {

        private final Link.Owner<Object> next;

        Connection(Link.Owner<Object> next) {
            this.next = next;
        }

        @Override
        public CompletionStage<?> prepare(StatefulRedisPubSubConnection<String, byte[]> connection) {
            List<String> channels = new ArrayList<>(Channels.this.subscriptions.keySet());
            channels.add(Channels.this.names.beacons());
            Receiver receiver = new Receiver(channels);
            Channels.this.receiver = receiver;
            connection.addListener(receiver);
            for (int i = 0; i < channels.size(); i += BATCH) {
                List<String> some = channels.subList(i, Math.min(channels.size(), i + BATCH));
                connection
                        .async()
                        .subscribe(some.toArray(String[]::new))
                        .whenComplete((done, failure) -> receiver.failed(failure));
            }
            return receiver.ready;
        }

        @Override
        public void up() {
            this.next.up();
        }

        @Override
        public void down() {
            NotSentException lost = new NotSentException("the connection to Redis was lost");
            // Those that are in force have completed already, and stay for the next connection.
            Channels.this.subscriptions.forEach((channel, subscription) -> fail(channel, subscription, lost));
            this.next.down();
        }
    }

    /** Takes what comes through one connection. */
    private final class Receiver extends RedisPubSubAdapter<String, byte[]> {

        private final CompletableFuture<Void> ready = new CompletableFuture<>();
        /** Channels that the server has not confirmed yet. */
        private final Map<String, Boolean> awaited = new ConcurrentHashMap<>();

        /** Beacons that were taken since anything came, and when the first of them was. */
        private int unheard;

        private long unheardSince;

        Receiver(List<String> channels) {
            channels.forEach(channel -> this.awaited.put(channel, true));
        }

        /** One more beacon was taken. After the server stood still, several are taken in one moment. */
        synchronized boolean isDeaf(int patience) {
            long now = System.nanoTime();
            if (this.unheard++ == 0) {
                this.unheardSince = now;
            }
            return this.unheard > patience && now - this.unheardSince > Channels.this.timeout.toNanos();
        }

        private synchronized void heard() {
            this.unheard = 0;
        }

        void failed(@Nullable Throwable failure) {
            if (failure != null) {
                this.ready.completeExceptionally(failure);
            }
        }

        @Override
        public void subscribed(String channel, long count) {
            this.awaited.remove(channel);
            if (this.awaited.isEmpty()) {
                this.ready.complete(null);
            }
            Subscription subscription = Channels.this.subscriptions.get(channel);
            if (subscription != null) {
                subscription.inForce.complete(null);
            }
        }

        @Override
        public void message(String channel, byte[] message) {
            heard();
            Broker.Listener listener = Channels.this.listener;
            if (listener == null) {
                return;
            }
            try {
                if (channel.equals(Channels.this.names.beacons())) {
                    listener.announced(message);
                    return;
                }
                Subscription subscription = Channels.this.subscriptions.get(channel);
                if (subscription != null) {
                    Frames.Arrival arrival = Frames.read(message);
                    Cursor cursor = arrival.cursor();
                    if (cursor != null) {
                        subscription.came(Sight.of(cursor, arrival.envelope()));
                    }
                    listener.received(subscription.key, arrival.envelope(), cursor);
                }
            } catch (RuntimeException ex) {
                logger.warn("What came through a channel was not taken", ex);
            }
        }
    }
}
