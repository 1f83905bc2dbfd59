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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who is in which room, on Redis: each call is one script on the names of one bucket, which are in one slot
 * (docs/decisions/0021). What an application leaves there that has been stopped is removed when it starts again.
 *
 * <p>A server may come back with an older state than it had acknowledged: restored from a file, or a replica that was behind.
 * Reports and derivations are numbered, so that the next one finds that out. The node then says everything again, under
 * another name, and the bucket counts as one that the store lost.
 *
 * @since 0.1.0
 */
public final class RedisPresenceStore implements PresenceStore {

    private static final Logger logger = LoggerFactory.getLogger(RedisPresenceStore.class);

    /** How long a room that became empty keeps its version. */
    private static final Duration REMEMBERED = Duration.ofMinutes(10);

    /** Changes of a user that wait for one that lasts; then what there is counts, or whoever goes back and forth could hide. */
    private static final int PATIENCE = 16;

    private static final byte[] NOTHING = new byte[0];

    /** Behind an origin, before a number. */
    private static final char RENAMED = '~';

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

    /** By bucket and origin of this process; there are as many as it reports to. */
    private final Map<Reporter, Said> said = new ConcurrentHashMap<>();
    /** By bucket: the number of the last derivation that was answered. */
    private final Map<Integer, Long> derived = new ConcurrentHashMap<>();

    /** Whose reports are numbered. */
    private record Reporter(int bucket, String origin) {}

    /**
     * How far the reports of a node are.
     *
     * @param name of the node in the bucket: another one after the store lost some of them, so that what is there of the
     *     users who left then ends with its lease
     * @param number of the last report that was answered; 0 for none
     */
    private record Said(int name, long number) {

        static final Said NOTHING = new Said(0, 0);

        String of(String origin) {
            return this.name == 0 ? origin : origin + RENAMED + this.name;
        }
    }

    private byte[] base(int bucket) {
        return this.names.bucket(bucket, "presence:");
    }

    @Override
    public CompletionStage<Boolean> report(int bucket, String origin, Duration lease, List<Report> reports) {
        Reporter reporter = new Reporter(bucket, origin);
        Said said = this.said.getOrDefault(reporter, Said.NOTHING);
        return report(bucket, said.of(origin), said.number(), lease, reports).thenCompose(number -> {
            if (number != 0) {
                answered(reporter, said.name(), number);
                return CompletableFuture.completedFuture(number > 0);
            }
            logger.info("The store lost what this node said in bucket {}; it is being told again", bucket);
            Said again = new Said(said.name() + 1, 0);
            this.said.merge(reporter, again, (before, now) -> before.name() < now.name() ? now : before);
            return report(bucket, again.of(origin), 0, lease, reports).thenApply(anew -> {
                answered(reporter, again.name(), anew);
                return false;
            });
        });
    }

    private void answered(Reporter reporter, int name, long number) {
        this.said.merge(
                reporter,
                new Said(name, Math.abs(number)),
                (before, now) ->
                        before.name() > now.name() || before.name() == now.name() && before.number() > now.number()
                                ? before
                                : now);
    }

    /** The number of the report, as the script answers it. */
    private CompletionStage<Long> report(int bucket, String name, long answered, Duration lease, List<Report> reports) {
        List<byte[]> values = new ArrayList<>(4 + 4 * reports.size());
        values.add(bytes(name));
        values.add(number(lease.toMillis()));
        values.add(number(PATIENCE));
        values.add(number(answered));
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
        return this.commands.run(
                this.report,
                new IntegerOutput<>(ByteArrayCodec.INSTANCE),
                List.of(base(bucket)),
                values.toArray(byte[][]::new));
    }

    @Override
    public CompletionStage<Derivation> derive(int bucket, long token, Terms terms) {
        List<byte[]> values = new ArrayList<>(7 + 2 * terms.published().size());
        values.add(number(token));
        values.add(number(terms.debounce().toMillis()));
        values.add(number(terms.expire() ? 1 : 0));
        values.add(number(terms.limit()));
        values.add(number(terms.maxListed()));
        values.add(number(REMEMBERED.toMillis()));
        values.add(number(this.derived.getOrDefault(bucket, 0L)));
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
                .thenApply(answer -> derivation(bucket, token, answer));
    }

    private Derivation derivation(int bucket, long token, List<Object> answer) {
        if (integer(answer.get(0)) == 0) {
            return Derivation.REFUSED;
        }
        this.derived.put(bucket, integer(answer.get(7)));
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
            String name = text(answer.get(i));
            int renamed = name.lastIndexOf(RENAMED);
            nodes.add(renamed < 0 ? name : name.substring(0, renamed));
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
