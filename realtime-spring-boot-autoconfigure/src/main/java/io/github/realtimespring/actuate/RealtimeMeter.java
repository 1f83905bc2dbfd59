package io.github.realtimespring.actuate;

import io.micrometer.common.docs.KeyName;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.docs.MeterDocumentation;
import org.jspecify.annotations.Nullable;

/**
 * Every meter (SPEC §14). Tag {@code room} is the pattern of the room, {@code event} a declared event; ids of rooms, users
 * and connections are never tags.
 *
 * @since 0.1.0
 */
public enum RealtimeMeter implements MeterDocumentation {
    /** Connections at this moment. */
    CONNECTIONS("realtime.connections", Meter.Type.GAUGE, "connections", Tag.TRANSPORT),
    /** Connections that were opened or refused after their handshake. */
    CONNECTIONS_OPENED(
            "realtime.connections.opened", Meter.Type.COUNTER, "connections", Tag.TRANSPORT, Tag.OUTCOME, Tag.REASON),
    /** Connections that ended, by close code and by who began it. */
    CONNECTIONS_CLOSED(
            "realtime.connections.closed", Meter.Type.COUNTER, "connections", Tag.TRANSPORT, Tag.CODE, Tag.INITIATOR),
    /** How long connections lived. */
    CONNECTIONS_DURATION("realtime.connections.duration", Meter.Type.TIMER, null, Tag.TRANSPORT),
    /** Rooms with members on this node. */
    ROOMS("realtime.rooms", Meter.Type.GAUGE, "rooms", Tag.ROOM),
    /** Memberships of rooms on this node. */
    MEMBERSHIPS("realtime.memberships", Meter.Type.GAUGE, "memberships", Tag.ROOM),
    /** Memberships without a connection that a pass found and removed. */
    MEMBERSHIPS_CLEANED("realtime.memberships.cleaned", Meter.Type.COUNTER, "memberships", Tag.CAUSE),
    /** Joins, from the frame to the answer. An observation. */
    JOINS("realtime.joins", Meter.Type.TIMER, null, Tag.ROOM, Tag.OUTCOME, Tag.RECOVERED),
    /** Handlers of inbound events. An observation. */
    HANDLER("realtime.handler", Meter.Type.TIMER, null, Tag.ROOM, Tag.EVENT, Tag.OUTCOME, Tag.EXCEPTION),
    /** Passes over the members of a key on this node, from their first turn to their end. An observation. */
    FANOUT("realtime.fanout", Meter.Type.TIMER, null, Tag.ROOM, Tag.EVENT, Tag.ORIGIN),
    /** Members that a pass was meant to reach. */
    FANOUT_RECIPIENTS("realtime.fanout.recipients", Meter.Type.DISTRIBUTION_SUMMARY, "connections", Tag.ROOM),
    /** What became of each event at each recipient. */
    FANOUT_DELIVERIES("realtime.fanout.deliveries", Meter.Type.COUNTER, "events", Tag.OUTCOME, Tag.DELIVERY),
    /** Encoded bytes handed to transports. */
    FANOUT_BYTES("realtime.fanout.bytes", Meter.Type.COUNTER, "bytes", Tag.TRANSPORT),
    /** Passes that wait or run. */
    FANOUT_PENDING("realtime.fanout.pending", Meter.Type.GAUGE, "events"),
    /** How long one turn of a pass took. */
    FANOUT_TURN("realtime.fanout.turn", Meter.Type.TIMER, null),
    /** Frames that wait in all queues. */
    QUEUE_MESSAGES("realtime.queue.messages", Meter.Type.GAUGE, "frames", Tag.TRANSPORT),
    /** Encoded bytes that wait in all queues. */
    QUEUE_BYTES("realtime.queue.bytes", Meter.Type.GAUGE, "bytes", Tag.TRANSPORT),
    /** The longest time that a frame of a write waited in its queue. */
    QUEUE_TIME("realtime.queue.time", Meter.Type.TIMER, null, Tag.TRANSPORT),
    /** Full queues, by what they did. */
    QUEUE_OVERFLOWS("realtime.queue.overflows", Meter.Type.COUNTER, "events", Tag.POLICY, Tag.DELIVERY),
    /** Gaps that were declared to clients. */
    GAPS("realtime.gaps", Meter.Type.COUNTER, "gaps", Tag.REASON),
    /** Publishes to the backplane. */
    BACKPLANE_PUBLISH("realtime.backplane.publish", Meter.Type.TIMER, null, Tag.ADAPTER, Tag.OUTCOME),
    /** Whether events of other nodes arrive: 0 or 1. */
    BACKPLANE_READABLE("realtime.backplane.readable", Meter.Type.GAUGE, null, Tag.ADAPTER),
    /** Whether events can be published: 0 or 1. */
    BACKPLANE_WRITABLE("realtime.backplane.writable", Meter.Type.GAUGE, null, Tag.ADAPTER),
    /** Time between a heartbeat and its answer. */
    HEARTBEAT_RTT("realtime.heartbeat.rtt", Meter.Type.TIMER, null, Tag.TRANSPORT),
    /** Peers that were silent for too long. */
    HEARTBEAT_TIMEOUTS("realtime.heartbeat.timeouts", Meter.Type.COUNTER, "connections", Tag.TRANSPORT),
    /** Frames that clients sent, by type. */
    INBOUND_FRAMES("realtime.inbound.frames", Meter.Type.COUNTER, "frames", Tag.TYPE),
    /** Frames that were over the rate or found the mailbox full. */
    INBOUND_LIMITED("realtime.inbound.limited", Meter.Type.COUNTER, "frames"),
    /** Errors that clients were answered, by code. */
    ERRORS("realtime.errors", Meter.Type.COUNTER, "errors", Tag.CODE),
    /** 0 running, 1 draining, 2 drained. */
    DRAIN("realtime.drain", Meter.Type.GAUGE, null);

    private final String name;
    private final Meter.Type type;
    private final @Nullable String unit;
    private final KeyName[] tags;

    RealtimeMeter(String name, Meter.Type type, @Nullable String unit, KeyName... tags) {
        this.name = name;
        this.type = type;
        this.unit = unit;
        this.tags = tags;
    }

    @Override
    public String getName() {
        return this.name;
    }

    @Override
    public Meter.Type getType() {
        return this.type;
    }

    @Override
    public @Nullable String getBaseUnit() {
        return this.unit;
    }

    @Override
    public KeyName[] getKeyNames() {
        return this.tags.clone();
    }

    /** Every tag. */
    public enum Tag implements KeyName {
        /** {@code websocket}. */
        TRANSPORT,
        /** The pattern of a room; the kind of another key; {@code other}. */
        ROOM,
        /** A declared event; {@code other}; {@code (access)}, {@code (joined)}, {@code (left)} for the other handlers. */
        EVENT,
        /** What became of it. */
        OUTCOME,
        /** Why; {@code none} where there is nothing to say. */
        REASON,
        /** A close code or an error code. */
        CODE,
        /** {@code client} or {@code server}. */
        INITIATOR,
        /** {@code true}, {@code false}, or {@code none} for a join without a cursor. */
        RECOVERED,
        /** The simple name of what was thrown; {@code none}. */
        EXCEPTION,
        /** {@code local}, {@code remote} or {@code replay}. */
        ORIGIN,
        /** A delivery class. */
        DELIVERY,
        /** What a full queue did. */
        POLICY,
        /** What was found. */
        CAUSE,
        /** The backplane's name. */
        ADAPTER,
        /** A frame type of the protocol; {@code unknown}. */
        TYPE;

        private final String key = name().toLowerCase(java.util.Locale.ROOT);

        @Override
        public String asString() {
            return this.key;
        }
    }
}
