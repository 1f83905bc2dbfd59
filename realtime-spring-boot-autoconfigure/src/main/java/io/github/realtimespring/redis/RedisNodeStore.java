package io.github.realtimespring.redis;

import io.github.realtimespring.shard.NodeStore;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Leases of nodes and owners of buckets on Redis (SPEC §12, docs/decisions/0020). Leases end by the server's clock. Everything
 * of a bucket is in its own slot, with its token, so a claim is a script for each bucket; those of one call are sent
 * together.
 *
 * <p>Thread-safe; nothing waits.
 *
 * @since 0.1.0
 */
public final class RedisNodeStore implements NodeStore {

    private static final byte[] NOTHING = new byte[0];

    private final Names names;
    private final Commands commands;
    private final Script renew = Script.of("renew-node.lua");
    private final Script leave = Script.of("leave-node.lua");
    private final Script claim = Script.of("claim-bucket.lua");
    private final Script release = Script.of("release-bucket.lua");

    /**
     * @param servers started and closed by their owner
     * @param application in front of every name on the server
     */
    public RedisNodeStore(RedisServers servers, String application) {
        this.names = new Names(application);
        this.commands = servers.commands();
        this.commands.use(this.renew, this.leave, this.claim, this.release);
    }

    @Override
    public String name() {
        return "redis";
    }

    @Override
    public CompletionStage<Nodes> renew(String origin, Duration lease, long seen, long highest) {
        return this.commands
                .run(
                        this.renew,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        nodes(),
                        Names.bytes(origin),
                        number(lease.toMillis()),
                        number(seen),
                        number(highest))
                .thenApply(answer -> {
                    long sequence = (Long) answer.get(0);
                    List<String> origins = answer.subList(3, answer.size()).stream()
                            .map(RedisNodeStore::text)
                            .toList();
                    return new Nodes(
                            sequence,
                            sequence == seen ? null : origins,
                            Duration.ofMillis((Long) answer.get(1)),
                            Duration.ofMillis((Long) answer.get(2)));
                });
    }

    @Override
    public CompletionStage<Void> leave(String origin) {
        return this.commands
                .run(this.leave, new StatusOutput<>(ByteArrayCodec.INSTANCE), nodes(), Names.bytes(origin))
                .thenAccept(done -> {});
    }

    private List<byte[]> nodes() {
        return List.of(this.names.leases(), this.names.sequence(), this.names.unsettled());
    }

    @Override
    public CompletionStage<List<Claimed>> claim(String origin, long sequence, Map<Integer, String> buckets) {
        List<CompletableFuture<Claimed>> claims = new ArrayList<>(buckets.size());
        buckets.forEach((bucket, gone) -> claims.add(this.commands
                .run(
                        this.claim,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(this.names.owner(bucket)),
                        Names.bytes(origin),
                        number(sequence),
                        gone.isEmpty() ? NOTHING : Names.bytes(gone))
                .thenApply(answer ->
                        new Claimed(bucket, (Long) answer.get(0) == 1, text(answer.get(1)), (Long) answer.get(2)))
                .toCompletableFuture()));
        // Those that are not answered are open; if none is, so is everything.
        return CompletableFuture.allOf(claims.toArray(CompletableFuture[]::new)).handle((done, failure) -> {
            List<Claimed> answers = claims.stream()
                    .filter(each -> !each.isCompletedExceptionally())
                    .map(CompletableFuture::join)
                    .toList();
            if (failure != null && answers.isEmpty()) {
                throw new CompletionException(Failures.unwrap(failure));
            }
            return answers;
        });
    }

    @Override
    public CompletionStage<Void> release(String origin, Collection<Integer> buckets) {
        return CompletableFuture.allOf(buckets.stream()
                .map(bucket -> this.commands
                        .run(
                                this.release,
                                new StatusOutput<>(ByteArrayCodec.INSTANCE),
                                List.of(this.names.owner(bucket)),
                                Names.bytes(origin))
                        .toCompletableFuture())
                .toArray(CompletableFuture[]::new));
    }

    private static byte[] number(long number) {
        return Names.bytes(Long.toString(number));
    }

    private static String text(@Nullable Object bulk) {
        return bulk instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : String.valueOf(bulk);
    }
}
