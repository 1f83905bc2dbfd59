package io.github.realtimespring.redis;

import io.github.realtimespring.history.IdempotencyStore;
import io.lettuce.core.codec.ByteArrayCodec;
import io.lettuce.core.output.NestedMultiOutput;
import io.lettuce.core.output.StatusOutput;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * Idempotency keys on Redis (docs/decisions/0024): a hash for each scope, changed by scripts on the clock of the server,
 * and gone one window after the last change. Thread-safe; stages complete on a thread of Lettuce.
 *
 * @since 0.1.0
 */
public final class RedisIdempotencyStore implements IdempotencyStore {

    private final Commands commands;
    private final Names names;
    private final byte[] window;
    private final byte[] lease;
    private final Script claim = Script.of("idempotency-claim.lua");
    private final Script answer = Script.of("idempotency-answer.lua");
    private final Script release = Script.of("idempotency-release.lua");

    /**
     * @param application in front of every name on the server
     * @param window how long answers and event ids are remembered
     * @param lease how long a claim is good
     */
    public RedisIdempotencyStore(RedisServers servers, String application, Duration window, Duration lease) {
        this.commands = servers.commands();
        this.names = new Names(application);
        this.commands.use(this.claim, this.answer, this.release);
        Duration longer = window.compareTo(lease) > 0 ? window : lease;
        this.window = bytes(Long.toString(longer.toMillis()));
        this.lease = bytes(Long.toString(lease.toMillis()));
    }

    @Override
    public CompletionStage<Claim> claim(Scope scope, String holder, String eventId) {
        return this.commands
                .run(
                        this.claim,
                        new NestedMultiOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(this.names.idempotency(scope)),
                        this.window,
                        this.lease,
                        bytes(holder),
                        bytes(eventId))
                .thenApply(RedisIdempotencyStore::claim);
    }

    private static Claim claim(List<?> found) {
        String eventId = new String((byte[]) found.get(1), StandardCharsets.UTF_8);
        return switch (((Long) found.get(0)).intValue()) {
            case 0 -> new Claim(State.MINE, eventId, null);
            case 1 -> new Claim(State.TAKEN, eventId, null);
            default -> new Claim(State.ANSWERED, eventId, (byte[]) found.get(2));
        };
    }

    @Override
    public CompletionStage<Void> answer(Scope scope, String eventId, byte[] answer) {
        return change(this.answer, scope, bytes(eventId), answer);
    }

    @Override
    public CompletionStage<Void> release(Scope scope, String holder, String eventId) {
        return change(this.release, scope, bytes(eventId), bytes(holder));
    }

    private CompletionStage<Void> change(Script script, Scope scope, byte[] eventId, byte[] value) {
        return this.commands
                .run(
                        script,
                        new StatusOutput<>(ByteArrayCodec.INSTANCE),
                        List.of(this.names.idempotency(scope)),
                        this.window,
                        eventId,
                        value)
                .thenApply(done -> null);
    }

    private static byte[] bytes(String text) {
        return Names.bytes(text);
    }
}
