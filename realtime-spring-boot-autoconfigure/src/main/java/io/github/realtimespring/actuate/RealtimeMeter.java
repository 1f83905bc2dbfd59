package io.github.realtimespring.actuate;

import io.micrometer.common.docs.KeyName;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.docs.MeterDocumentation;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Every meter (SPEC §14). Tag {@code room} is the pattern of the room, {@code event} a declared event; ids of rooms, users
 * and connections are never tags.
 *
 * @since 0.1.0
 */
public enum RealtimeMeter implements MeterDocumentation {
    CONNECTIONS("realtime.connections", Meter.Type.GAUGE, "connections", "Connections at this moment.", Tag.TRANSPORT),
    CONNECTIONS_ENTERING(
            "realtime.connections.entering",
            Meter.Type.GAUGE,
            "connections",
            "Connections that wait for the key or the place of their user, before they are welcomed or refused."),
    CONNECTIONS_OPENED(
            "realtime.connections.opened",
            Meter.Type.COUNTER,
            "connections",
            "Connections that were opened or refused after their handshake.",
            Tag.TRANSPORT,
            Tag.OUTCOME,
            Tag.REASON),
    CONNECTIONS_CLOSED(
            "realtime.connections.closed",
            Meter.Type.COUNTER,
            "connections",
            "Connections that ended, by close code and by who began it.",
            Tag.TRANSPORT,
            Tag.CODE,
            Tag.INITIATOR),
    CONNECTIONS_DURATION(
            "realtime.connections.duration", Meter.Type.TIMER, null, "How long connections lived.", Tag.TRANSPORT),
    PLACES(
            "realtime.places",
            Meter.Type.GAUGE,
            "connections",
            "Connections that a duplicate-connection policy gave a place, or let in without one."),
    PLACES_CHANGES(
            "realtime.places.changes",
            Meter.Type.COUNTER,
            "connections",
            "What became of places: granted, refused, undecided because the store could not be asked, superseded, restored,"
                    + " unrenewed.",
            Tag.OUTCOME),
    ROOMS("realtime.rooms", Meter.Type.GAUGE, "rooms", "Rooms with members on this node.", Tag.ROOM),
    MEMBERSHIPS(
            "realtime.memberships", Meter.Type.GAUGE, "memberships", "Memberships of rooms on this node.", Tag.ROOM),
    MEMBERSHIPS_CLEANED(
            "realtime.memberships.cleaned",
            Meter.Type.COUNTER,
            "memberships",
            "Memberships without a connection that a pass found and removed.",
            Tag.CAUSE),
    JOINS(
            "realtime.joins",
            Meter.Type.TIMER,
            null,
            "Joins, from the frame to the answer. An observation.",
            Tag.ROOM,
            Tag.OUTCOME,
            Tag.RECOVERED),
    HANDLER(
            "realtime.handler",
            Meter.Type.TIMER,
            null,
            "Handlers of inbound events. An observation.",
            Tag.ROOM,
            Tag.EVENT,
            Tag.OUTCOME,
            Tag.EXCEPTION),
    FANOUT(
            "realtime.fanout",
            Meter.Type.TIMER,
            null,
            "Passes over the members of a key on this node, from their first turn to their end. An observation.",
            Tag.ROOM,
            Tag.EVENT,
            Tag.ORIGIN),
    FANOUT_RECIPIENTS(
            "realtime.fanout.recipients",
            Meter.Type.DISTRIBUTION_SUMMARY,
            "connections",
            "Members that a pass was meant to reach.",
            Tag.ROOM),
    FANOUT_DELIVERIES(
            "realtime.fanout.deliveries",
            Meter.Type.COUNTER,
            "events",
            "What became of each event at each recipient.",
            Tag.OUTCOME,
            Tag.DELIVERY),
    FANOUT_BYTES(
            "realtime.fanout.bytes", Meter.Type.COUNTER, "bytes", "Encoded bytes handed to transports.", Tag.TRANSPORT),
    FANOUT_PENDING("realtime.fanout.pending", Meter.Type.GAUGE, "events", "Passes that wait or run."),
    FANOUT_TURN("realtime.fanout.turn", Meter.Type.TIMER, null, "How long one turn of a pass took."),
    TRANSPORT_PENDING(
            "realtime.transport.pending",
            Meter.Type.GAUGE,
            "connections",
            "Connections that wait for a thread to write to them or to close them; polls also for the distance of answers.",
            Tag.TRANSPORT),
    QUEUE_MESSAGES(
            "realtime.queue.messages", Meter.Type.GAUGE, "frames", "Frames that wait in all queues.", Tag.TRANSPORT),
    QUEUE_BYTES(
            "realtime.queue.bytes", Meter.Type.GAUGE, "bytes", "Encoded bytes that wait in all queues.", Tag.TRANSPORT),
    QUEUE_TIME(
            "realtime.queue.time",
            Meter.Type.TIMER,
            null,
            "The longest time that a frame of a write waited in its queue.",
            Tag.TRANSPORT),
    QUEUE_OVERFLOWS(
            "realtime.queue.overflows",
            Meter.Type.COUNTER,
            "events",
            "Full queues, by what they did.",
            Tag.POLICY,
            Tag.DELIVERY),
    GAPS("realtime.gaps", Meter.Type.COUNTER, "gaps", "Gaps that were declared to clients.", Tag.REASON),
    RESUME(
            "realtime.resume",
            Meter.Type.COUNTER,
            "joins",
            "Joins with a cursor that were allowed, by what became of it.",
            Tag.OUTCOME),
    RESUME_REPLAYED(
            "realtime.resume.replayed",
            Meter.Type.DISTRIBUTION_SUMMARY,
            "events",
            "Events that a recovered join had missed."),
    RESUME_PENDING(
            "realtime.resume.pending",
            Meter.Type.GAUGE,
            "connections",
            "Connections that wait for events from the history."),
    HISTORY_ROOMS(
            "realtime.history.rooms",
            Meter.Type.GAUGE,
            "rooms",
            "Rooms whose position the history in memory remembers."),
    HISTORY_EVENTS(
            "realtime.history.events", Meter.Type.GAUGE, "events", "Events that the history in memory can replay."),
    HISTORY_BYTES("realtime.history.bytes", Meter.Type.GAUGE, "bytes", "Memory that these events may take."),
    BACKPLANE_PUBLISH(
            "realtime.backplane.publish",
            Meter.Type.TIMER,
            null,
            "Publishes to the backplane, until it has answered. An observation.",
            Tag.ADAPTER,
            Tag.OUTCOME),
    BACKPLANE_PENDING(
            "realtime.backplane.pending",
            Meter.Type.GAUGE,
            "publishes",
            "Publishes that wait for the answer of the broker.",
            Tag.ADAPTER),
    BACKPLANE_PENDING_MAX(
            "realtime.backplane.pending.max",
            Meter.Type.GAUGE,
            "publishes",
            "How many publishes may wait; others are rejected.",
            Tag.ADAPTER),
    BACKPLANE_UNANSWERED(
            "realtime.backplane.unanswered",
            Meter.Type.GAUGE,
            "commands",
            "What the client of the broker holds without an answer: commands of Redis, or records that wait for the producer"
                    + " of Kafka; publishes, beacons and reads.",
            Tag.ADAPTER),
    BACKPLANE_UNANSWERED_MAX(
            "realtime.backplane.unanswered.max",
            Meter.Type.GAUGE,
            "commands",
            "How much of that there may be; more is refused.",
            Tag.ADAPTER),
    BACKPLANE_RECEIVED(
            "realtime.backplane.received",
            Meter.Type.COUNTER,
            "messages",
            "What the broker brought, by what became of it; beacons are counted only where they cannot be read.",
            Tag.ADAPTER,
            Tag.RESULT),
    BACKPLANE_LAG(
            "realtime.backplane.lag",
            Meter.Type.TIMER,
            null,
            "How long an own beacon was under way until it came back, as events are to other nodes.",
            Tag.ADAPTER),
    BACKPLANE_LOST(
            "realtime.backplane.lost",
            Meter.Type.COUNTER,
            "events",
            "Events of other nodes that did not arrive and whose loss was declared.",
            Tag.ADAPTER),
    BACKPLANE_LOST_UNKNOWN(
            "realtime.backplane.lost.unknown",
            Meter.Type.COUNTER,
            "losses",
            "Losses that were declared without knowing of how many events.",
            Tag.ADAPTER),
    BACKPLANE_CAUGHT_UP(
            "realtime.backplane.caught.up",
            Meter.Type.COUNTER,
            "events",
            "Events that did not arrive and were delivered from the store.",
            Tag.ADAPTER),
    BACKPLANE_BEHIND(
            "realtime.backplane.behind",
            Meter.Type.GAUGE,
            "keys",
            "Rooms whose missing events are being read from the store, or wait for that.",
            Tag.ADAPTER),
    BACKPLANE_SUBSCRIPTIONS(
            "realtime.backplane.subscriptions",
            Meter.Type.GAUGE,
            "keys",
            "Keys whose events are brought to this node.",
            Tag.ADAPTER),
    BACKPLANE_SUBSCRIPTION_CHANGES(
            "realtime.backplane.subscriptions.changes",
            Meter.Type.COUNTER,
            "changes",
            "Subscriptions that came into force, and that ended.",
            Tag.ADAPTER,
            Tag.CHANGE),
    BACKPLANE_PEERS(
            "realtime.backplane.peers", Meter.Type.GAUGE, "nodes", "Other nodes of which beacons arrive.", Tag.ADAPTER),
    BACKPLANE_BEACON_OVERFLOWS(
            "realtime.backplane.beacons.overflows",
            Meter.Type.COUNTER,
            "keys",
            "Keys that no beacon told of because too many waited.",
            Tag.ADAPTER),
    BACKPLANE_RECONNECTS(
            "realtime.backplane.reconnects",
            Meter.Type.COUNTER,
            "connections",
            "How often the connection that receives was lost and came back.",
            Tag.ADAPTER),
    BACKPLANE_READABLE(
            "realtime.backplane.readable",
            Meter.Type.GAUGE,
            null,
            "Whether events of other nodes arrive: 0 or 1.",
            Tag.ADAPTER),
    BACKPLANE_WRITABLE(
            "realtime.backplane.writable",
            Meter.Type.GAUGE,
            null,
            "Whether events can be published: 0 or 1.",
            Tag.ADAPTER),
    SHARDS_NODES(
            "realtime.shards.nodes",
            Meter.Type.GAUGE,
            "nodes",
            "Nodes that live by their leases, this one included; 0 while this node does not know."),
    SHARDS_OWNED("realtime.shards.owned", Meter.Type.GAUGE, "buckets", "Buckets that this node owns."),
    SHARDS_CHANGES(
            "realtime.shards.changes",
            Meter.Type.COUNTER,
            "buckets",
            "Buckets that this node began to own, and that it no longer owns.",
            Tag.CHANGE),
    SHARDS_FAILURES(
            "realtime.shards.failures",
            Meter.Type.COUNTER,
            "requests",
            "What was asked of the store of nodes and buckets and not answered."),
    PRESENCE_USERS(
            "realtime.presence.users",
            Meter.Type.GAUGE,
            "users",
            "Users in the rooms of this node, each counted in every room."),
    PRESENCE_WATCHED(
            "realtime.presence.watched",
            Meter.Type.GAUGE,
            "rooms",
            "Rooms whose presence somebody on this node watches."),
    PRESENCE_UNREAD(
            "realtime.presence.unread",
            Meter.Type.GAUGE,
            "rooms",
            "Watched rooms whose presence is being read from the store, or waits for that."),
    PRESENCE_TRANSITIONS(
            "realtime.presence.transitions",
            Meter.Type.COUNTER,
            "users",
            "Users whose coming, changing or leaving this node told everybody, as owner of their room.",
            Tag.CHANGE),
    PRESENCE_SUPPRESSED(
            "realtime.presence.suppressed",
            Meter.Type.COUNTER,
            "changes",
            "Changes that were undone before anybody was told."),
    PRESENCE_RESYNCS(
            "realtime.presence.resyncs",
            Meter.Type.COUNTER,
            "rooms",
            "How often the watchers of a room on this node got the whole, because something was missing."),
    NODES_CONNECTIONS_MAX(
            "realtime.nodes.connections.max",
            Meter.Type.GAUGE,
            "connections",
            "Connections of the node that has the most of them, of those that are heard, this one included."),
    NODES_CONNECTIONS_MEAN(
            "realtime.nodes.connections.mean",
            Meter.Type.GAUGE,
            "connections",
            "Connections of these nodes on average. Far below the maximum is skew."),
    HEARTBEAT_RTT(
            "realtime.heartbeat.rtt",
            Meter.Type.TIMER,
            null,
            "Time between a heartbeat and its answer.",
            Tag.TRANSPORT),
    HEARTBEAT_TIMEOUTS(
            "realtime.heartbeat.timeouts",
            Meter.Type.COUNTER,
            "connections",
            "Peers that were silent for too long.",
            Tag.TRANSPORT),
    INBOUND_FRAMES(
            "realtime.inbound.frames", Meter.Type.COUNTER, "frames", "Frames that clients sent, by type.", Tag.TYPE),
    INBOUND_LIMITED(
            "realtime.inbound.limited",
            Meter.Type.COUNTER,
            "frames",
            "Frames that were over the rate or found the mailbox full."),
    PUBLISHES_KEYED(
            "realtime.publishes.keyed",
            Meter.Type.COUNTER,
            "publishes",
            "Publishes with an idempotency key: handled first, answered as a repeat, awaited with the first one, or handled"
                    + " while the store that nodes share could not be asked.",
            Tag.OUTCOME),
    PUBLISHES_KEYED_PENDING(
            "realtime.publishes.keyed.pending",
            Meter.Type.GAUGE,
            "publishes",
            "Those that are under way, or wait for one that is under way on another node."),
    ERRORS("realtime.errors", Meter.Type.COUNTER, "errors", "Errors that clients were answered, by code.", Tag.CODE),
    DRAIN("realtime.drain", Meter.Type.GAUGE, null, "0 running, 1 draining, 2 drained."),
    DRAIN_REMAINING(
            "realtime.drain.remaining",
            Meter.Type.GAUGE,
            "connections",
            "Connections that a drain has still to let go; 0 without one."),
    DRAIN_STEPS(
            "realtime.drain.steps",
            Meter.Type.TIMER,
            null,
            "How long after its beginning a drain came to a step.",
            Tag.STEP);

    private final String name;
    private final Meter.Type type;
    private final @Nullable String unit;
    private final String description;
    private final KeyName[] tags;

    RealtimeMeter(String name, Meter.Type type, @Nullable String unit, String description, KeyName... tags) {
        this.name = name;
        this.type = type;
        this.unit = unit;
        this.description = description;
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

    /** What it measures, as a sentence. */
    public String getDescription() {
        return this.description;
    }

    @Override
    public KeyName[] getKeyNames() {
        return this.tags.clone();
    }

    /** Every tag. */
    public enum Tag implements KeyName {
        TRANSPORT("`websocket`, `sse` or `poll`."),
        ROOM("The pattern of a room; the kind of another key; `other`."),
        EVENT("A declared event; `other`; `(access)`, `(joined)`, `(left)` for the other handlers."),
        OUTCOME("What became of it."),
        REASON("Why; `none` where there is nothing to say."),
        CODE("A close code or an error code."),
        INITIATOR("`client` or `server`."),
        RECOVERED("`true`, `false`, or `none` for a join without a cursor."),
        EXCEPTION("The simple name of what was thrown; `none`."),
        ORIGIN("`local`, `remote` or `replay`."),
        DELIVERY("A delivery class."),
        POLICY("What a full queue did."),
        CAUSE("What was found."),
        ADAPTER("The backplane's name."),
        RESULT("What became of it."),
        CHANGE("`began` or `ended`; `joined`, `changed` or `left`; `counted` in a room of too many."),
        TYPE("A frame type of the protocol; `unknown`."),
        STEP("`refusing`, `announced`, `flushing`, `drained`, `detached`, `resumed`.");

        private final String key = name().toLowerCase(Locale.ROOT);
        private final String description;

        Tag(String description) {
            this.description = description;
        }

        @Override
        public String asString() {
            return this.key;
        }

        /** The values it can have. */
        public String getDescription() {
            return this.description;
        }
    }
}
