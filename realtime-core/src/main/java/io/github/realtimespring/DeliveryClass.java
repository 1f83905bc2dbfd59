package io.github.realtimespring;

import java.time.Duration;
import java.util.Objects;

/**
 * One row of the delivery matrix: what an event class does when a queue is full, when the backplane cannot be written or
 * read, in which order it is published and whether it has a place in the room's stream (SPEC §7).
 *
 * @param name which class this is
 * @param order local members and backplane, which first
 * @param onNotWritable what a publish does while the backplane cannot be written
 * @param onNotReadable what happens while it cannot be read
 * @param overflow what a full connection queue does with an event of this class
 * @param recoverable whether events get a cursor and a place in the room's stream
 * @param declaresLoss whether a dropped event leaves a {@code gap}
 * @param publishTimeout how long a publish may wait for the backplane
 * @since 0.1.0
 */
public record DeliveryClass(
        Delivery name,
        PublishOrder order,
        OnNotWritable onNotWritable,
        OnNotReadable onNotReadable,
        OverflowPolicy overflow,
        boolean recoverable,
        boolean declaresLoss,
        Duration publishTimeout) {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    public static final DeliveryClass EPHEMERAL = new DeliveryClass(
            Delivery.EPHEMERAL,
            PublishOrder.LOCAL_FIRST,
            OnNotWritable.LOCAL_ONLY,
            OnNotReadable.DELIVER_LOCALLY,
            OverflowPolicy.COALESCE,
            false,
            false,
            TIMEOUT);

    public static final DeliveryClass STANDARD = new DeliveryClass(
            Delivery.STANDARD,
            PublishOrder.LOCAL_FIRST,
            OnNotWritable.LOCAL_ONLY,
            OnNotReadable.DELIVER_LOCALLY_THEN_GAP,
            OverflowPolicy.DROP_NEWEST,
            false,
            true,
            TIMEOUT);

    public static final DeliveryClass RECOVERABLE = new DeliveryClass(
            Delivery.RECOVERABLE,
            PublishOrder.BACKPLANE_ONLY,
            OnNotWritable.REJECT,
            OnNotReadable.RECORD,
            OverflowPolicy.PAUSE,
            true,
            true,
            TIMEOUT);

    public static final DeliveryClass CRITICAL = new DeliveryClass(
            Delivery.CRITICAL,
            PublishOrder.BACKPLANE_ONLY,
            OnNotWritable.REJECT,
            OnNotReadable.RECORD,
            OverflowPolicy.CLOSE,
            true,
            true,
            TIMEOUT);

    /** @throws IllegalArgumentException if the cells contradict each other; the message says what to change */
    public DeliveryClass {
        Objects.requireNonNull(name, "name");
        if (recoverable && overflow != OverflowPolicy.CLOSE && overflow != OverflowPolicy.PAUSE) {
            throw new IllegalArgumentException("overflow " + lower(overflow) + " would skip events of " + lower(name)
                    + ", which promises every event in order; use pause or close");
        }
        if (!recoverable && overflow == OverflowPolicy.PAUSE) {
            throw new IllegalArgumentException("overflow pause goes on from the room's stream, which " + lower(name)
                    + " does not have; use drop-newest");
        }
        if (recoverable && order != PublishOrder.BACKPLANE_ONLY) {
            throw new IllegalArgumentException("order " + lower(order) + " cannot serve " + lower(name)
                    + ": its events would reach members in another order than the stream has; use backplane-only");
        }
        if (!recoverable && onNotReadable == OnNotReadable.RECORD) {
            throw new IllegalArgumentException("on-not-readable record needs a stream, which " + lower(name)
                    + " does not have; use deliver-locally");
        }
        if (publishTimeout.isNegative() || publishTimeout.isZero()) {
            throw new IllegalArgumentException("publish-timeout of " + lower(name) + " must be positive");
        }
    }

    /** The class as SPEC §7 defines it. */
    public static DeliveryClass of(Delivery name) {
        return switch (name) {
            case EPHEMERAL -> EPHEMERAL;
            case STANDARD -> STANDARD;
            case RECOVERABLE -> RECOVERABLE;
            case CRITICAL -> CRITICAL;
        };
    }

    /** The same class with another order. */
    public DeliveryClass withOrder(PublishOrder order) {
        return new DeliveryClass(
                this.name,
                order,
                this.onNotWritable,
                this.onNotReadable,
                this.overflow,
                this.recoverable,
                this.declaresLoss,
                this.publishTimeout);
    }

    private static String lower(Enum<?> value) {
        return value.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
