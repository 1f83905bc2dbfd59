package io.github.realtimespring.redis;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.ShardRouter;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.IntegerOutput;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
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
 * The places of users on Redis: one hash for each user, in the slot of the user's bucket, so that leases are renewed
 * bucket by bucket. Names of clients and devices are stored as digests.
 *
 * <p>Thread-safe; nothing waits. Leases go by the clock of the server.
 *
 * @since 0.1.0
 */
public final class RedisPlaceStore implements PlaceStore {

    private static final Logger logger = LoggerFactory.getLogger(RedisPlaceStore.class);

    /** Places that one call renews: it is a turn of the server's only thread. */
    private static final int BATCH = 200;

    private static final String NONE = "-";

    private final Commands commands;
    private final Names names;
    private final ShardRouter router;
    private final byte[] lease;
    private final Script claim = Script.of("place-claim.lua");
    private final Script renew = Script.of("place-renew.lua");

    /**
     * @param application in front of every name on the server
     * @param router knows the bucket of a user
     * @param lease how long a place lasts that is not renewed
     */
    public RedisPlaceStore(RedisServers servers, String application, ShardRouter router, Duration lease) {
        this.commands = servers.commands();
        this.names = new Names(application);
        this.router = router;
        this.lease = number(lease.toMillis());
        this.commands.use(this.claim, this.renew);
    }

    @Override
    public CompletionStage<Answer> claim(Claim claim) {
        return ask(new Place(claim, 0), false);
    }

    @Override
    public CompletionStage<Answer> restore(Place place) {
        return ask(place, true);
    }

    private CompletionStage<Answer> ask(Place place, boolean again) {
        Claim claim = place.claim();
        DuplicatePolicy policy = claim.policy();
        String rule = switch (policy.rule()) {
            case ALLOW -> "a";
            case NEWEST_WINS -> "n";
            case REJECT, LIMIT -> "l";
        };
        int limit = policy.rule() == DuplicatePolicy.Rule.REJECT ? 1 : policy.limit();
        return this.commands
                .run(
                        this.claim,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(place(claim.user())),
                        bytes(claim.connection().value()),
                        bytes(claim.node()),
                        bytes(digest(claim.device())),
                        bytes(digest(claim.session())),
                        bytes(digest(claim.returning())),
                        bytes(rule),
                        number(limit),
                        bytes(policy.perDevice() ? "d" : "u"),
                        this.lease,
                        number(place.sequence()),
                        bytes(again ? "1" : "0"),
                        number(place.age().toNanos() / 1000))
                .thenApply(RedisPlaceStore::answer);
    }

    private static Answer answer(List<Object> parts) {
        Verdict verdict = switch (text(parts.get(0))) {
            case "granted" -> Verdict.GRANTED;
            case "taken" -> Verdict.TAKEN;
            default -> Verdict.SUPERSEDED;
        };
        List<Holder> superseded = new ArrayList<>();
        for (int i = 2; i + 1 < parts.size(); i += 2) {
            superseded.add(new Holder(new ConnectionId(text(parts.get(i))), text(parts.get(i + 1))));
        }
        return new Answer(verdict, (Long) parts.get(1), superseded);
    }

    @Override
    public CompletionStage<Set<ConnectionId>> renew(Collection<Place> places) {
        Map<Integer, List<Place>> buckets = new HashMap<>();
        for (Place place : places) {
            buckets.computeIfAbsent(this.router.bucket(place.claim().user()), none -> new ArrayList<>())
                    .add(place);
        }
        Set<ConnectionId> lost = ConcurrentHashMap.newKeySet();
        List<CompletableFuture<?>> calls = new ArrayList<>();
        for (List<Place> bucket : buckets.values()) {
            for (int i = 0; i < bucket.size(); i += BATCH) {
                List<Place> batch = bucket.subList(i, Math.min(bucket.size(), i + BATCH));
                calls.add(renew(batch).thenAccept(lost::addAll).toCompletableFuture());
            }
        }
        return CompletableFuture.allOf(calls.toArray(CompletableFuture[]::new)).handle((done, failure) -> {
            if (failure != null) {
                long failed = calls.stream()
                        .filter(CompletableFuture::isCompletedExceptionally)
                        .count();
                if (failed == calls.size()) {
                    throw new IllegalStateException("no lease of a place was renewed", failure);
                }
                logger.debug("{} of {} renewals of places failed", failed, calls.size(), failure);
            }
            return Set.copyOf(lost);
        });
    }

    private CompletionStage<Set<ConnectionId>> renew(List<Place> batch) {
        List<byte[]> keys = new ArrayList<>(batch.size());
        byte[][] values = new byte[1 + batch.size()][];
        values[0] = this.lease;
        for (int i = 0; i < batch.size(); i++) {
            Claim claim = batch.get(i).claim();
            keys.add(place(claim.user()));
            values[i + 1] = bytes(claim.connection().value());
        }
        return this.commands
                .run(this.renew, new NestedMultiOutput<>(ByteArrayCodec.INSTANCE), keys, values)
                .thenApply(numbers -> {
                    Set<ConnectionId> lost = new HashSet<>();
                    for (Object number : numbers) {
                        lost.add(batch.get(((Long) number).intValue() - 1)
                                .claim()
                                .connection());
                    }
                    return lost;
                });
    }

    @Override
    public CompletionStage<Void> giveBack(RoutingKey user, ConnectionId connection) {
        byte[] name = place(user);
        CommandArgs<byte[], byte[]> args =
                new CommandArgs<>(ByteArrayCodec.INSTANCE).addKey(name).addValue(bytes(connection.value()));
        return this.commands
                .send(name, CommandType.HDEL, new IntegerOutput<>(ByteArrayCodec.INSTANCE), args)
                .thenAccept(removed -> {});
    }

    private byte[] place(RoutingKey user) {
        String tenant = user.tenant();
        return this.names.bucket(
                this.router.bucket(user), "places:" + (tenant == null ? "" : tenant) + ':' + user.id());
    }

    /** Texts of clients and of the application have any length and any characters; these do not. */
    private static String digest(@Nullable String text) {
        if (text == null) {
            return NONE;
        }
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(digest)
                    .substring(0, 22);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java has SHA-256", ex);
        }
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
