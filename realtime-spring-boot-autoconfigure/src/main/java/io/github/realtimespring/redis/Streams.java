package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The streams of keys on the server: scripts, what they are given and what they answer. Thread-safe; nothing waits. */
final class Streams {

    private static final Logger logger = LoggerFactory.getLogger(Streams.class);

    private static final char[] DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz".toCharArray();
    private static final byte[] NOTHING = new byte[0];
    private static final String NEVER_PROMOTED = "0".repeat(40);

    private final SecureRandom random = new SecureRandom();
    private final Names names;
    private final RedisSettings settings;
    private final Outbox outbox;
    private final Script append = Script.of("position.lua", "append.lua");
    private final Script look = Script.of("position.lua", "look.lua");
    private final Script renew = Script.of("renew.lua");
    private final byte[] ttl;
    private final byte[] positionTtl;
    private final byte[] size;
    /** Tells a server that was promoted from the one that it took over from; empty if it never was. */
    private volatile String generation = "";

    Streams(Names names, RedisSettings settings, Outbox outbox) {
        this.names = names;
        this.settings = settings;
        this.outbox = outbox;
        this.ttl = number(settings.historyTtl().toMillis());
        this.positionTtl =
                number(settings.historyTtl().plus(RedisSettings.POSITION).toMillis());
        this.size = number(settings.historySize());
    }

    /** Has the scripts loaded and finds out what the server is; fails for one that cannot be written. */
    CompletionStage<?> prepare(StatefulRedisConnection<byte[], byte[]> connection) {
        CompletionStage<?> loaded = load(connection);
        return connection
                .async()
                .info("replication")
                .handle((text, failure) -> {
                    if (failure == null) {
                        takeOver(text);
                    } else {
                        logger.warn(
                                "Redis does not tell its role: a replica that is promoted is not noticed ({})",
                                failure.getMessage());
                    }
                    return null;
                })
                .thenCombine(loaded, (known, done) -> done);
    }

    private CompletionStage<?> load(StatefulRedisConnection<byte[], byte[]> connection) {
        return CompletableFuture.allOf(
                connection.async().scriptLoad(this.append.text()).toCompletableFuture(),
                connection.async().scriptLoad(this.look.text()).toCompletableFuture(),
                connection.async().scriptLoad(this.renew.text()).toCompletableFuture());
    }

    private void takeOver(String info) {
        if (info.contains("role:slave")) {
            throw new IllegalStateException("it is a replica");
        }
        String marker = "master_replid2:";
        int start = info.indexOf(marker);
        String before = start < 0
                ? ""
                : info.substring(start + marker.length())
                        .lines()
                        .findFirst()
                        .orElse("")
                        .strip();
        this.generation = before.equals(NEVER_PROMOTED) ? "" : before;
    }

    /**
     * @param cursor where the event is
     * @param added whether it is there because of this call
     */
    record Place(Cursor cursor, boolean added) {}

    /** @param seen the last place of the stream that is known here */
    CompletionStage<Place> append(RoutingKey key, String eventId, byte[] envelope, @Nullable Cursor seen) {
        return call(this.append, key, seen, bytes(eventId), envelope, bytes(this.names.channel(key)), this.size)
                .thenApply(answer ->
                        new Place(new Cursor(text(answer.get(0)), (Long) answer.get(1)), (Long) answer.get(2) == 1));
    }

    CompletionStage<Cursor> head(RoutingKey key) {
        return look(key, null, 0).thenApply(Broker.Slice::head);
    }

    CompletionStage<Broker.Slice> read(RoutingKey key, Cursor after, int limit) {
        return look(key, after, limit);
    }

    private CompletionStage<Broker.Slice> look(RoutingKey key, @Nullable Cursor after, int limit) {
        byte[] epoch = after == null ? NOTHING : bytes(after.epoch());
        long offset = after == null ? 0 : after.offset();
        return call(this.look, key, null, epoch, number(offset), number(limit))
                .thenApply(answer -> slice(answer, offset));
    }

    private static Broker.Slice slice(List<?> answer, long after) {
        Cursor head = new Cursor(text(answer.get(0)), (Long) answer.get(1));
        if ((Long) answer.get(2) == 0) {
            return Broker.Slice.lost(head);
        }
        List<Broker.Entry> entries = new ArrayList<>(answer.size() - 3);
        for (int i = 3; i < answer.size(); i++) {
            entries.add(new Broker.Entry(new Cursor(head.epoch(), after + i - 2), (byte[]) answer.get(i)));
        }
        return new Broker.Slice(true, entries, head.offset() - after, head);
    }

    CompletionStage<Long> size(RoutingKey key) {
        CommandArgs<byte[], byte[]> args = args().addKey(this.names.stream(key));
        return this.outbox.send(CommandType.XLEN, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    /** The stream gets another epoch if it still has this one. */
    CompletionStage<?> renew(RoutingKey key, String epoch) {
        CommandArgs<byte[], byte[]> args = args().add(this.renew.digest())
                .add(1)
                .addKey(this.names.position(key))
                .addValue(newEpoch())
                .addValue(bytes(epoch));
        return evaluate(new StatusOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    /** Calls a script that begins with {@code position.lua}. */
    private CompletionStage<List<Object>> call(Script script, RoutingKey key, @Nullable Cursor seen, byte[]... values) {
        CommandArgs<byte[], byte[]> args = args().add(script.digest())
                .add(3)
                .addKey(this.names.position(key))
                .addKey(this.names.stream(key))
                .addKey(this.names.ids(key))
                .addValue(newEpoch())
                .addValue(this.ttl)
                .addValue(this.positionTtl)
                .addValue(bytes(this.generation))
                .addValue(seen == null ? NOTHING : bytes(seen.epoch()))
                .addValue(number(seen == null ? 0 : seen.offset()));
        for (byte[] value : values) {
            args.addValue(value);
        }
        return evaluate(new NestedMultiOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    private <T> CompletionStage<T> evaluate(CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> args) {
        return this.outbox.send(CommandType.EVALSHA, output, args).whenComplete((done, failure) -> {
            if (failure != null && Failures.isNoScript(failure)) {
                // Somebody emptied the server's cache. What comes before the scripts are back is refused: to send it
                // again would be to change its order.
                reload();
            }
        });
    }

    private void reload() {
        for (Script script : List.of(this.append, this.look, this.renew)) {
            CommandArgs<byte[], byte[]> args = args().add("LOAD").add(script.text());
            this.outbox.send(CommandType.SCRIPT, new StatusOutput<>(ByteArrayCodec.INSTANCE), args);
        }
    }

    private static CommandArgs<byte[], byte[]> args() {
        return new CommandArgs<>(ByteArrayCodec.INSTANCE);
    }

    private byte[] newEpoch() {
        byte[] epoch = new byte[12];
        for (int i = 0; i < epoch.length; i++) {
            epoch[i] = (byte) DIGITS[this.random.nextInt(DIGITS.length)];
        }
        return epoch;
    }

    private static byte[] number(long number) {
        return bytes(Long.toString(number));
    }

    private static byte[] bytes(String text) {
        return Names.bytes(text);
    }

    private static String text(@Nullable Object bulk) {
        return bulk instanceof byte[] bytes ? new String(bytes, StandardCharsets.US_ASCII) : String.valueOf(bulk);
    }
}
