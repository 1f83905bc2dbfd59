package io.github.realtimespring.redis;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The streams of keys on the server: scripts, what they are given and what they answer. Thread-safe; nothing waits. */
final class Streams {

    private static final char[] DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz".toCharArray();
    private static final byte[] NOTHING = new byte[0];

    private final SecureRandom random = new SecureRandom();
    private final Names names;
    private final RedisSettings settings;
    private final Commands commands;
    private final Script append = Script.of("position.lua", "append.lua");
    private final Script look = Script.of("position.lua", "look.lua");
    private final Script renew = Script.of("renew.lua");
    private final byte[] ttl;
    private final byte[] positionTtl;
    private final byte[] size;

    Streams(Names names, RedisSettings settings, Commands commands) {
        this.names = names;
        this.settings = settings;
        this.commands = commands;
        commands.use(this.append, this.look, this.renew);
        this.ttl = number(settings.historyTtl().toMillis());
        this.positionTtl =
                number(settings.historyTtl().plus(RedisSettings.POSITION).toMillis());
        this.size = number(settings.historySize());
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
        byte[] stream = this.names.stream(key);
        CommandArgs<byte[], byte[]> args = new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(stream);
        return this.commands.send(stream, CommandType.XLEN, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args);
    }

    /** The stream gets another epoch if it still has this one. */
    CompletionStage<?> renew(RoutingKey key, String epoch) {
        return this.commands.run(
                this.renew,
                new StatusOutput<>(ByteArrayCodec.INSTANCE),
                List.of(this.names.position(key)),
                newEpoch(),
                bytes(epoch));
    }

    /** Calls a script that begins with {@code position.lua}. */
    private CompletionStage<List<Object>> call(Script script, RoutingKey key, @Nullable Cursor seen, byte[]... values) {
        List<byte[]> names = List.of(this.names.position(key), this.names.stream(key), this.names.ids(key));
        Master master = this.commands.at(names.get(0));
        byte[][] all = new byte[6 + values.length][];
        all[0] = newEpoch();
        all[1] = this.ttl;
        all[2] = this.positionTtl;
        all[3] = bytes(master.generation());
        all[4] = seen == null ? NOTHING : bytes(seen.epoch());
        all[5] = number(seen == null ? 0 : seen.offset());
        System.arraycopy(values, 0, all, 6, values.length);
        return master.run(script, new NestedMultiOutput<>(ByteArrayCodec.INSTANCE), names, all);
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
