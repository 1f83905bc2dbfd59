package io.github.realtimespring.redis;

import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.presence.RoomPresence;
import io.github.realtimespring.presence.UserPresence;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Who is in which room, on Redis: each call is one script on the names of one bucket, which are in one slot
 * (docs/decisions/0021). What an application leaves there that has been stopped is removed when it starts again.
 *
 * @since 0.1.0
 */
public final class RedisPresenceStore implements PresenceStore {

    /** How long a room that became empty keeps its version. */
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    /** Changes of a user that wait for one that lasts; then what there is counts, or whoever goes back and forth could hide. */
    private static final int PATIENCE = 16;

    private static final byte[] NOTHING = new byte[0];

    private final Names names;
    private final Commands commands;
    private final Script report = Script.of("presence.lua", "presence-report.lua");
    private final Script derive = Script.of("fence.lua", "presence.lua", "presence-derive.lua");
    private final Script read = Script.of("presence.lua", "presence-read.lua");
    private final Script find = Script.of("presence.lua", "presence-find.lua");

    /** @param application in front of every name */
    public RedisPresenceStore(RedisServers servers, String application) {
        this.names = new Names(application);
        this.commands = servers.commands();
        this.commands.use(this.report, this.derive, this.read, this.find);
    }

    private byte[] base(int bucket) {
        return this.names.bucket(bucket, "presence:");
    }

    @Override
    public CompletionStage<Boolean> report(int bucket, String origin, Duration lease, List<Report> reports) {
        List<byte[]> values = new ArrayList<>(3 + 4 * reports.size());
        values.add(bytes(origin));
        values.add(number(lease.toMillis()));
        values.add(number(PATIENCE));
        for (Report said : reports) {
            Payload data = said.data();
            values.add(bytes(said.key().toString()));
            values.add(bytes(said.user()));
            values.add(
                    said.state() == PresenceState.OFFLINE
                            ? NOTHING
                            : bytes(said.state().wireName()));
            values.add(data == null ? NOTHING : data.bytes());
        }
        return this.commands
                .run(
                        this.report,
                        new IntegerOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(base(bucket)),
                        values.toArray(byte[][]::new))
                .thenApply(known -> known == 1);
    }

    @Override
    public CompletionStage<Derivation> derive(int bucket, long token, Terms terms) {
        List<byte[]> values = new ArrayList<>(6 + 2 * terms.published().size());
        values.add(number(token));
        values.add(number(terms.debounce().toMillis()));
        values.add(number(terms.expire() ? 1 : 0));
        values.add(number(terms.limit()));
        values.add(number(terms.maxListed()));
        values.add(number(REMEMBERED.toMillis()));
        for (Map.Entry<RoutingKey, Long> published : terms.published().entrySet()) {
            values.add(bytes(published.getKey().toString()));
            values.add(number(published.getValue()));
        }
        return this.commands
                .run(
                        this.derive,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(this.names.owner(bucket), base(bucket)),
                        values.toArray(byte[][]::new))
                .thenApply(answer -> derivation(token, answer));
    }

    private static Derivation derivation(long token, List<Object> answer) {
        if (integer(answer.get(0)) == 0) {
            return Derivation.REFUSED;
        }
        List<PresenceChange> changes = new ArrayList<>();
        for (Object change : (List<?>) answer.get(6)) {
            changes.add(change(token, (List<?>) change));
        }
        return new Derivation(
                false,
                changes,
                (int) integer(answer.get(3)),
                integer(answer.get(4)),
                integer(answer.get(1)),
                integer(answer.get(2)),
                integer(answer.get(5)) == 1);
    }

    private static PresenceChange change(long token, List<?> row) {
        return new PresenceChange(
                RoutingKey.parse(text(row.get(0))),
                token,
                integer(row.get(1)),
                integer(row.get(2)),
                (int) integer(row.get(3)),
                integer(row.get(4)) == 1,
                members((List<?>) row.get(5), 0),
                members((List<?>) row.get(6), 0),
                ((List<?>) row.get(7)).stream().map(RedisPresenceStore::text).toList());
    }

    @Override
    public CompletionStage<RoomPresence> read(int bucket, RoutingKey room, int maxListed) {
        return this.commands
                .run(
                        this.read,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(base(bucket)),
                        bytes(room.toString()))
                .thenApply(answer -> new RoomPresence(
                        integer(answer.get(0)),
                        (int) integer(answer.get(1)),
                        integer(answer.get(2)) == 1,
                        members(answer, 3)));
    }

    @Override
    public CompletionStage<UserPresence> find(int bucket, RoutingKey user) {
        return this.commands
                .run(
                        this.find,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(base(bucket)),
                        bytes(user.toString()),
                        bytes(user.id()))
                .thenApply(RedisPresenceStore::whereabouts);
    }

    private static UserPresence whereabouts(List<Object> answer) {
        Set<String> nodes = new HashSet<>();
        PresenceState state = PresenceState.IDLE;
        for (int i = 0; i + 1 < answer.size(); i += 2) {
            nodes.add(text(answer.get(i)));
            if (text(answer.get(i + 1)).equals(PresenceState.ONLINE.wireName())) {
                state = PresenceState.ONLINE;
            }
        }
        return nodes.isEmpty() ? UserPresence.OFFLINE : new UserPresence(state, nodes);
    }

    private static List<Member> members(List<?> flat, int from) {
        List<Member> members = new ArrayList<>((flat.size() - from) / 3);
        for (int i = from; i + 2 < flat.size(); i += 3) {
            PresenceState state = PresenceState.of(text(flat.get(i + 1)));
            Object data = flat.get(i + 2);
            members.add(new Member(
                    text(flat.get(i)),
                    state == null ? PresenceState.ONLINE : state,
                    data instanceof byte[] json && json.length > 0 ? Payload.ofJson(json) : null));
        }
        members.sort(Comparator.comparing(Member::user));
        return members;
    }

    private static byte[] bytes(String text) {
        return Names.bytes(text);
    }

    private static byte[] number(long number) {
        return bytes(Long.toString(number));
    }

    private static long integer(@Nullable Object answer) {
        return answer instanceof Long value ? value : Long.parseLong(text(answer));
    }

    private static String text(@Nullable Object bulk) {
        return bulk instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : String.valueOf(bulk);
    }
}
