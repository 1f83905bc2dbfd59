package io.github.realtimespring.redis;

import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.StatefulRedisConnectionImpl;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import io.lettuce.core.protocol.ProtocolVersion;
import io.lettuce.core.pubsub.RedisPubSubAdapter;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import io.lettuce.core.pubsub.api.async.RedisPubSubAsyncCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one connection for channels to one master. It counts as one when the server has confirmed, by name, every channel
 * that is to be heard there.
 *
 * <p>Thread-safe; nothing waits. What comes is handed on by the event loop that read it.
 */
final class Ear implements AutoCloseable {

    private static final Logger logger = LoggerFactory.getLogger(Ear.class);

    /** Channels in one command. */
    private static final int BATCH = 256;

    private final Master master;
    private final String beacons;
    private final boolean sharded;
    private final Mind mind;
    private final Duration timeout;
    private final Link<StatefulRedisPubSubConnection<String, byte[]>> link;
    private final Outbox outbox;
    private volatile @Nullable Receiver receiver;

    /** What is to be heard, and who takes it. */
    interface Mind {

        /** The channels that are to be heard through a new connection. */
        Collection<String> begin(Ear ear);

        /** The server has confirmed that a channel is heard. */
        void heard(Ear ear, String channel);

        /** A channel is not heard, or no longer: by the server's word, or because the connection is gone. */
        void unheard(Ear ear, String channel, @Nullable Throwable why);

        void message(String channel, byte[] message);

        void beacon(Ear ear, byte[] beacon);

        void up(Ear ear);

        void down(Ear ear);
    }

    /**
     * @param sharded whether channels are those of shards; that of the beacons never is
     * @param maxUnanswered how many messages may wait for their answers
     */
    Ear(Master master, String beacons, boolean sharded, Mind mind, Duration timeout, int maxUnanswered) {
        this.master = master;
        this.beacons = beacons;
        this.sharded = sharded;
        this.mind = mind;
        this.timeout = timeout;
        this.link = new Link<>(
                master.name().replaceFirst("commands", "channels"),
                master.connections()::openChannels,
                new Connection(),
                timeout);
        this.outbox = new Outbox(this.link, master.connections().executor(), maxUnanswered, master::failed);
    }

    void start() {
        this.link.start();
    }

    Master master() {
        return this.master;
    }

    /** Whether channels can be asked for now. */
    boolean isUp() {
        return connection() != null;
    }

    /**
     * The connection of the moment: from when the server has confirmed everything, which is a little before it counts as
     * one. The first beacon may come in between, and whoever waited for it may subscribe.
     */
    private @Nullable StatefulRedisPubSubConnection<String, byte[]> connection() {
        StatefulRedisPubSubConnection<String, byte[]> connection = this.link.connection();
        Receiver receiver = this.receiver;
        return connection == null && receiver != null && receiver.isReady() ? receiver.connection : connection;
    }

    /** Whether messages can be sent on the same connection: only the third version of the protocol tells answers from messages. */
    boolean canSpeak() {
        Receiver receiver = this.receiver;
        return receiver != null && receiver.speaks && this.link.connection() == receiver.connection;
    }

    /** As {@link Commands#send}; to be used while {@link #canSpeak} only. */
    <T> CompletionStage<T> send(
            CommandType type, CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> args) {
        return this.outbox.send(type, output, args);
    }

    /** Messages that were sent and have no answer yet. */
    int unanswered() {
        return this.outbox.unanswered();
    }

    /** Gives the connection up, whatever it may look like. */
    void reset(String why) {
        this.link.reset(why);
    }

    /** Asks for a channel; {@link Mind#heard} or {@link Mind#unheard} is the answer. */
    void subscribe(String channel) {
        StatefulRedisPubSubConnection<String, byte[]> connection = connection();
        if (connection == null) {
            this.mind.unheard(this, channel, null);
            return;
        }
        subscribe(connection, List.of(channel));
    }

    private void subscribe(StatefulRedisPubSubConnection<String, byte[]> connection, List<String> channels) {
        String[] names = channels.toArray(String[]::new);
        RedisPubSubAsyncCommands<String, byte[]> async = connection.async();
        (this.sharded ? async.ssubscribe(names) : async.subscribe(names)).whenComplete((done, failure) -> {
            if (failure != null) {
                channels.forEach(channel -> refused(channel, failure));
            }
        });
    }

    private void refused(String channel, Throwable failure) {
        if (Failures.unwrap(failure) instanceof RedisCommandTimeoutException) {
            // What the server confirms later is not known here, and other channels would be refused for ever.
            this.link.reset("channels are asked for and nothing is answered");
        }
        Throwable why = Failures.of(failure);
        this.mind.unheard(this, channel, why);
        Receiver receiver = this.receiver;
        if (receiver != null) {
            receiver.refused(channel, why);
        }
    }

    CompletionStage<Void> unsubscribe(String channel) {
        StatefulRedisPubSubConnection<String, byte[]> connection = connection();
        if (connection == null) {
            // It ended with the connection.
            return CompletableFuture.completedFuture(null);
        }
        RedisPubSubAsyncCommands<String, byte[]> async = connection.async();
        return this.sharded ? async.sunsubscribe(channel) : async.unsubscribe(channel);
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

    @Override
    public void close() {
        this.link.close();
    }

    private final class Connection implements Link.Owner<StatefulRedisPubSubConnection<String, byte[]>> {

        @Override
        public CompletionStage<?> prepare(StatefulRedisPubSubConnection<String, byte[]> connection) {
            Collection<String> channels = Ear.this.mind.begin(Ear.this);
            Receiver receiver = new Receiver(connection, channels, Ear.this.beacons);
            Ear.this.receiver = receiver;
            connection.addListener(receiver);
            for (List<String> together : together(channels)) {
                subscribe(connection, together);
            }
            // Last, so that a beacon says that everything else is heard, too.
            connection.async().subscribe(Ear.this.beacons).whenComplete((done, failure) -> receiver.failed(failure));
            return receiver.ready;
        }

        /** Channels of different slots cannot be in one command. */
        private List<List<String>> together(Collection<String> channels) {
            Collection<List<String>> all = Ear.this.sharded
                    ? channels.stream()
                            .collect(Collectors.groupingBy(SlotHash::getSlot))
                            .values()
                    : List.of(List.copyOf(channels));
            List<List<String>> together = new ArrayList<>();
            for (List<String> some : all) {
                for (int i = 0; i < some.size(); i += BATCH) {
                    together.add(some.subList(i, Math.min(some.size(), i + BATCH)));
                }
            }
            return together;
        }

        @Override
        public void up() {
            Ear.this.mind.up(Ear.this);
        }

        @Override
        public void down() {
            Ear.this.mind.down(Ear.this);
        }
    }

    /** Takes what comes through one connection. */
    private final class Receiver extends RedisPubSubAdapter<String, byte[]> {

        private final StatefulRedisPubSubConnection<String, byte[]> connection;
        private final boolean speaks;
        private final CompletableFuture<Void> ready = new CompletableFuture<>();
        /** Channels that the server has not answered for yet. */
        private final Map<String, Boolean> awaited = new ConcurrentHashMap<>();

        /** Beacons that were taken since anything came, and when the first of them was. */
        private int unheard;

        private long unheardSince;

        Receiver(
                StatefulRedisPubSubConnection<String, byte[]> connection, Collection<String> channels, String beacons) {
            this.connection = connection;
            this.speaks = connection instanceof StatefulRedisConnectionImpl<?, ?> known
                    && known.getConnectionState().getNegotiatedProtocolVersion() == ProtocolVersion.RESP3;
            channels.forEach(channel -> this.awaited.put(channel, true));
            this.awaited.put(beacons, true);
        }

        boolean isReady() {
            return this.ready.isDone() && !this.ready.isCompletedExceptionally() && this.connection.isOpen();
        }

        /** One more beacon was taken. After the server stood still, several are taken in one moment. */
        synchronized boolean isDeaf(int patience) {
            long now = System.nanoTime();
            if (this.unheard++ == 0) {
                this.unheardSince = now;
            }
            return this.unheard > patience && now - this.unheardSince > Ear.this.timeout.toNanos();
        }

        private synchronized void anything() {
            this.unheard = 0;
        }

        void failed(@Nullable Throwable failure) {
            if (failure != null) {
                this.ready.completeExceptionally(failure);
            }
        }

        /** A channel that another master has by now keeps nobody waiting. */
        void refused(String channel, Throwable why) {
            if (Failures.isNotHere(why)) {
                answered(channel);
            } else {
                this.ready.completeExceptionally(why);
            }
        }

        private void answered(String channel) {
            this.awaited.remove(channel);
            if (this.awaited.isEmpty()) {
                this.ready.complete(null);
            }
        }

        @Override
        public void subscribed(String channel, long count) {
            Ear.this.mind.heard(Ear.this, channel);
            answered(channel);
        }

        @Override
        public void ssubscribed(String channel, long count) {
            subscribed(channel, count);
        }

        /** The server says so by itself when another one has got the slot. */
        @Override
        public void sunsubscribed(String channel, long count) {
            Ear.this.mind.unheard(Ear.this, channel, null);
        }

        @Override
        public void smessage(String channel, byte[] message) {
            message(channel, message);
        }

        @Override
        public void message(String channel, byte[] message) {
            anything();
            try {
                if (channel.equals(Ear.this.beacons)) {
                    Ear.this.mind.beacon(Ear.this, message);
                } else {
                    Ear.this.mind.message(channel, message);
                }
            } catch (RuntimeException ex) {
                logger.warn("What came through a channel was not taken", ex);
            }
        }
    }
}
