package io.github.realtimespring.connection;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.RoutingKey;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Encoded bytes that one or many queues hold, with what a queue needs to decide about them. Shared between connections
 * and threads; immutable but for what is cached of it.
 *
 * @since 0.1.0
 */
public final class Frame {

    private final byte[] bytes;
    private final boolean droppable;
    private final @Nullable RoutingKey key;
    private final OverflowPolicy overflow;
    private final boolean declaresLoss;
    private final @Nullable Object coalescing;
    private final boolean gap;
    private final @Nullable Delivery delivery;
    private final @Nullable Cursor cursor;
    /** Racy single-check: the same text whoever computes it. */
    private @Nullable String text;
    /** Racy single-check too. */
    private @Nullable Encoded<?> encoded;

    /** What a transport made of the bytes, and how; {@code next} holds what the transport before it made. */
    private record Encoded<T>(
            Function<Frame, T> encoding, T value, @Nullable Encoded<?> next) {}

    /** What makes a newer frame replace an older one. */
    private record Coalescing(RoutingKey key, String type, String value) {}

    private Frame(
            byte[] bytes,
            boolean droppable,
            @Nullable RoutingKey key,
            OverflowPolicy overflow,
            boolean declaresLoss,
            @Nullable Object coalescing,
            boolean gap,
            @Nullable Delivery delivery,
            @Nullable Cursor cursor) {
        this.bytes = bytes;
        this.droppable = droppable;
        this.key = key;
        this.overflow = overflow;
        this.declaresLoss = declaresLoss;
        this.coalescing = coalescing;
        this.gap = gap;
        this.delivery = delivery;
        this.cursor = cursor;
    }

    /** A frame that carries an event; its delivery class decides what a full queue does. */
    public static Frame event(byte[] bytes, Event event) {
        String coalesceKey = event.coalesceKey();
        return new Frame(
                bytes,
                true,
                event.key(),
                event.delivery().overflow(),
                event.delivery().declaresLoss(),
                coalesceKey == null ? null : new Coalescing(event.key(), event.type(), coalesceKey),
                false,
                event.delivery().name(),
                event.cursor());
    }

    /** A frame for one connection, such as an answer: never dropped. */
    public static Frame direct(byte[] bytes) {
        return new Frame(bytes, false, null, OverflowPolicy.CLOSE, false, null, false, null, null);
    }

    /** The answer to a join of {@code key}: for one connection, never dropped. Who gets it is at {@code cursor}. */
    public static Frame joined(byte[] bytes, RoutingKey key, Cursor cursor) {
        return new Frame(bytes, false, key, OverflowPolicy.CLOSE, false, null, false, null, cursor);
    }

    /** The declaration of a hole in {@code key}: never dropped, and one per key until it is sent. */
    public static Frame gap(byte[] bytes, RoutingKey key) {
        return new Frame(bytes, false, key, OverflowPolicy.CLOSE, false, null, true, null, null);
    }

    /** A heartbeat: never dropped, and one at a time. */
    public static Frame ping(byte[] bytes) {
        return new Frame(bytes, false, null, OverflowPolicy.CLOSE, false, "ping", false, null, null);
    }

    /** The encoded bytes, UTF-8: read only. */
    public byte[] bytes() {
        return this.bytes;
    }

    /** The same as text, decoded once. */
    public String text() {
        String result = this.text;
        if (result == null) {
            result = new String(this.bytes, StandardCharsets.UTF_8);
            this.text = result;
        }
        return result;
    }

    /**
     * The frame as a transport writes it, made once for all connections of that transport; the members of a room may have
     * different transports.
     *
     * @param encoding the same instance each time, one of few; what it gives is shared between threads
     */
    @SuppressWarnings("unchecked")
    public <T> T as(Function<Frame, T> encoding) {
        Encoded<?> first = this.encoded;
        for (Encoded<?> encoded = first; encoded != null; encoded = encoded.next()) {
            if (encoded.encoding() == encoding) {
                return (T) encoded.value();
            }
        }
        T value = encoding.apply(this);
        this.encoded = new Encoded<>(encoding, value, first);
        return value;
    }

    /** The encoded size in bytes. */
    public int size() {
        return this.bytes.length;
    }

    /** The key whose event, gap or join this is. */
    public @Nullable RoutingKey key() {
        return this.key;
    }

    /** Where in the stream of {@link #key} a client is that has this frame; {@code null} if it says nothing of that. */
    public @Nullable Cursor cursor() {
        return this.cursor;
    }

    /** The class of the event it carries; {@code null} for frames that carry none. */
    public @Nullable Delivery delivery() {
        return this.delivery;
    }

    boolean isEvent() {
        return this.droppable;
    }

    boolean isGap() {
        return this.gap;
    }

    OverflowPolicy overflow() {
        return this.overflow;
    }

    boolean declaresLoss() {
        return this.declaresLoss;
    }

    /** Equal for frames that replace each other; {@code null} for frames that do not. */
    @Nullable
    Object coalescing() {
        return this.coalescing;
    }
}
