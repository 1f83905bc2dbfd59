package io.github.realtimespring.history;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;

/**
 * Epoch and offset of every room in this process's memory. A stream that nobody used for the time to live is forgotten
 * and begins again with a new epoch, so an old cursor never matches a new stream.
 *
 * @since 0.1.0
 */
public final class MemoryStreams implements History {

    private static final int MAX_STREAMS = 1_000_000;
    private static final char[] DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz".toCharArray();

    private final SecureRandom random = new SecureRandom();
    private final Cache<RoutingKey, Stream> streams;

    /** @param ttl how long the stream of an idle room is remembered */
    public MemoryStreams(Duration ttl, Ticker ticker) {
        this.streams = Caffeine.newBuilder()
                .expireAfterAccess(ttl)
                .maximumSize(MAX_STREAMS)
                .ticker(ticker::nanos)
                .build();
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return CompletableFuture.completedFuture(stream(key).head());
    }

    /**
     * Gives the next place in the room's stream to {@code taker}. Places are given in order and one at a time per room;
     * if the taker throws, the place stays free for the next one.
     */
    public Cursor append(RoutingKey key, Consumer<Cursor> taker) {
        return stream(key).append(taker);
    }

    private Stream stream(RoutingKey key) {
        return this.streams.get(key, k -> new Stream(newEpoch()));
    }

    private String newEpoch() {
        char[] epoch = new char[12];
        for (int i = 0; i < epoch.length; i++) {
            epoch[i] = DIGITS[this.random.nextInt(DIGITS.length)];
        }
        return new String(epoch);
    }

    private static final class Stream {

        private final String epoch;
        private long offset;

        Stream(String epoch) {
            this.epoch = epoch;
        }

        synchronized Cursor head() {
            return new Cursor(this.epoch, this.offset);
        }

        synchronized Cursor append(Consumer<Cursor> taker) {
            Cursor next = new Cursor(this.epoch, this.offset + 1);
            taker.accept(next);
            this.offset++;
            return next;
        }
    }
}
