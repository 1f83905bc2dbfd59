package io.github.realtimespring.redis;

import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * What is sent through the channels of one master (docs/decisions/0027): on the connection that hears them, where the
 * answer and the node's own copy come back in one piece; on the one for commands while the other is not there, or speaks a
 * protocol that does not allow it. {@link Way} keeps the order.
 *
 * <p>Thread-safe; nothing waits.
 */
final class Publisher {

    /** Beacons without an answer, or taken and never heard, after which a connection is opened again. */
    private static final int PATIENCE = 2;

    private final Master master;
    private final Ear ear;
    private final Way way = new Way();
    /** In a row, on either connection. */
    private final AtomicInteger unansweredByChannels = new AtomicInteger();

    private final AtomicInteger unansweredByCommands = new AtomicInteger();

    Publisher(Master master, Ear ear) {
        this.master = master;
        this.ear = ear;
    }

    /**
     * Sends a message, or fails.
     *
     * @param type {@code PUBLISH} or {@code SPUBLISH}
     */
    CompletionStage<Void> publish(CommandType type, byte[] channel, byte[] message) {
        return publish(this.way.enter(this.ear.canSpeak()), type, channel, message);
    }

    private CompletionStage<Void> publish(boolean byChannels, CommandType type, byte[] channel, byte[] message) {
        CommandArgs<byte[], byte[]> args =
                new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(channel).addValue(message);
        IntegerOutput<byte[], byte[]> receivers = new IntegerOutput<>(ByteArrayCodec.INSTANCE);
        if (byChannels) {
            return this.ear.send(type, receivers, args).thenApply(count -> null);
        }
        return this.master
                .send(type, receivers, args)
                .whenComplete((count, failure) -> this.way.leave())
                .thenApply(count -> null);
    }

    /**
     * Sends a beacon behind everything that was published before. The connection that it does not take is asked whether it
     * is there, too. One on which several in a row have no answer only looks open, and is opened again.
     */
    CompletionStage<Void> announce(byte[] channel, byte[] beacon) {
        boolean byChannels = this.way.enter(this.ear.canSpeak());
        CompletionStage<Void> taken = publish(byChannels, CommandType.PUBLISH, channel, beacon)
                .whenComplete((done, failure) -> {
                    answered(byChannels, failure);
                    if (failure == null) {
                        this.ear.beaconTaken(PATIENCE);
                    }
                });
        return byChannels ? taken.thenCombine(ping(), (done, there) -> done) : taken;
    }

    /** That this user may not ask is an answer, too. */
    private CompletionStage<Void> ping() {
        return this.master
                .send(
                        CommandType.PING,
                        new StatusOutput<>(ByteArrayCodec.INSTANCE),
                        new CommandArgs<>(ByteArrayCodec.INSTANCE))
                .whenComplete((pong, failure) -> answered(false, failure))
                .<Void>thenApply(pong -> null)
                .exceptionallyCompose(failure -> Failures.isNotPermitted(failure)
                        ? CompletableFuture.completedFuture(null)
                        : CompletableFuture.failedFuture(failure));
    }

    private void answered(boolean byChannels, @Nullable Throwable failure) {
        AtomicInteger unanswered = byChannels ? this.unansweredByChannels : this.unansweredByCommands;
        if (failure == null) {
            unanswered.set(0);
        } else if (Failures.unwrap(failure) instanceof RedisCommandTimeoutException
                && unanswered.incrementAndGet() >= PATIENCE) {
            unanswered.set(0);
            if (byChannels) {
                this.ear.reset("beacons are not answered");
            } else {
                this.master.reset("beacons are not answered");
            }
        }
    }
}
