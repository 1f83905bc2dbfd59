package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.EventId;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.RoomPolicy;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.registry.DuplicatePolicy;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.util.unit.DataSize;

/**
 * The properties after every value was checked, as what the engine takes.
 *
 * @param nodeId names this node
 * @param origin names this process on the backplane, at random
 * @param queue bounds of each connection's queue
 * @param fanout how much one turn may do and how much may wait
 * @param duplicates the duplicate-connection policy
 * @param maxConnections connections of this node
 * @param maxPerUser connections of one user
 * @param maxMembers members of one room
 * @param classes every delivery class with its overrides
 * @param policies room policies by pattern
 * @param history what the streams in memory may hold
 */
record RealtimeSettings(
        String nodeId,
        String origin,
        QueueLimits queue,
        FanoutSettings fanout,
        DuplicatePolicy duplicates,
        int maxConnections,
        int maxPerUser,
        int maxMembers,
        Map<Delivery, DeliveryClass> classes,
        Map<String, RoomPolicy> policies,
        HistoryLimits history) {

    private static final Pattern BASE_PATH = Pattern.compile("(/[A-Za-z0-9._~-]+)+");
    private static final Pattern NODE_ID = Pattern.compile("[A-Za-z0-9._-]{1,64}");
    private static final Pattern TOPIC = Pattern.compile("[A-Za-z0-9._-]{1,249}");
    private static final Duration SHORTEST_BEACON = Duration.ofMillis(50);
    private static final int SHORTEST_SECRET = 16;

    /**
     * Checks every value.
     *
     * @throws InvalidConfigurationPropertyValueException for the first one that cannot be; its reason says what can
     */
    static RealtimeSettings of(RealtimeProperties properties) {
        check(
                BASE_PATH.matcher(properties.basePath()).matches(),
                "base-path",
                properties.basePath(),
                "It must begin with a slash, must not end with one and has only letters, digits and . _ ~ - between"
                        + " slashes, as in '/realtime'.");
        checkTimes(properties);
        checkInbound(properties);
        checkBackplane(properties.backplane());
        properties
                .events()
                .keySet()
                .forEach(name -> check(
                        Event.isValidType(name),
                        "events",
                        name,
                        "An event name has 1 to 100 letters, digits or . _ ~ : - in it; write '[%s]' if it has dots."
                                .formatted("message.created")));
        return new RealtimeSettings(
                nodeId(properties.nodeId()),
                EventId.next(System.currentTimeMillis()),
                queue(properties),
                fanout(properties.fanout()),
                duplicates(properties.connections()),
                orUnlimited("connections.max", properties.connections().max()),
                orUnlimited("connections.per-user", properties.connections().perUser()),
                orUnlimited("rooms.max-members", properties.rooms().maxMembers()),
                classes(properties),
                policies(properties.rooms().policies()),
                history(properties.history()));
    }

    /** Checks, once they are known, that policies speak of patterns that exist. */
    void checkPatterns(List<String> patterns) {
        this.policies
                .keySet()
                .forEach(pattern -> check(
                        patterns.contains(pattern),
                        "rooms.policies",
                        pattern,
                        "No room has this pattern; the patterns are " + patterns + "."));
    }

    private static void checkTimes(RealtimeProperties properties) {
        positive("handler.timeout", properties.handler().timeout());
        positive("heartbeat.interval", properties.heartbeat().interval());
        positive("heartbeat.timeout", properties.heartbeat().timeout());
        positive("transports.long-poll.wait", properties.transports().longPoll().maxWait());
        Duration spacing = properties.transports().longPoll().spacing();
        check(
                !spacing.isNegative()
                        && spacing.compareTo(properties.transports().longPoll().maxWait()) <= 0,
                "transports.long-poll.spacing",
                spacing,
                "It must not be negative, and not be longer than realtime.transports.long-poll.wait; 0 means none.");
        positive("session.window", properties.session().window());
        positive("drain.timeout", properties.drain().timeout());
        Duration spread = properties.drain().spread();
        check(!spread.isNegative(), "drain.spread", spread, "It must not be negative.");
        check(
                spread.compareTo(properties.drain().timeout()) <= 0,
                "drain.spread",
                spread,
                "It must not be longer than realtime.drain.timeout, which ends the drain.");
    }

    private static void checkInbound(RealtimeProperties properties) {
        RealtimeProperties.Inbound inbound = properties.inbound();
        positive("inbound.rate", inbound.rate());
        positive("inbound.burst", inbound.burst());
        positive("inbound.mailbox", inbound.mailbox());
        positive("inbound.json-max-depth", inbound.jsonMaxDepth());
        check(
                !inbound.firstJoinTimeout().isNegative(),
                "inbound.first-join-timeout",
                inbound.firstJoinTimeout(),
                "It must not be negative; 0 means no limit.");
        positive("rooms.max-per-connection", properties.rooms().maxPerConnection());
        size("websocket.max-frame-size", properties.websocket().maxFrameSize());
    }

    private static void checkBackplane(RealtimeProperties.Backplane backplane) {
        int replicas = backplane.redis().criticalReplicas();
        check(
                replicas >= 0,
                "backplane.redis.critical-replicas",
                replicas,
                "It must not be negative; 0 waits for none.");
        positive("backplane.publish-timeout", backplane.publishTimeout());
        check(
                backplane.beacon().compareTo(SHORTEST_BEACON) >= 0,
                "backplane.beacon",
                backplane.beacon(),
                "It must be at least " + SHORTEST_BEACON.toMillis() + "ms.");
        positive("backplane.dedupe.size", backplane.dedupe().size());
        positive("backplane.dedupe.ttl", backplane.dedupe().ttl());
        check(
                TOPIC.matcher(backplane.kafka().topic()).matches(),
                "backplane.kafka.topic",
                backplane.kafka().topic(),
                "A topic of Kafka has 1 to 249 letters, digits or . _ - in its name.");
        positive("backplane.kafka.partitions", backplane.kafka().partitions());
        String secret = backplane.signingSecret();
        if (secret != null && !secret.isEmpty() && secret.length() < SHORTEST_SECRET) {
            // Not the exception of a value that cannot be: its report would show the secret.
            throw new UnusableBackplaneException(
                    "The value of realtime.backplane.signing-secret is short enough to be guessed.",
                    "Use at least " + SHORTEST_SECRET + " characters at random, the same on all nodes.");
        }
    }

    private static String nodeId(@Nullable String configured) {
        if (configured == null || configured.isEmpty()) {
            return "%08x".formatted(new SecureRandom().nextInt());
        }
        check(
                NODE_ID.matcher(configured).matches(),
                "node-id",
                configured,
                "It has 1 to 64 letters, digits or . _ - in it.");
        return configured;
    }

    private static QueueLimits queue(RealtimeProperties properties) {
        RealtimeProperties.Queue queue = properties.queue();
        size("queue.max-bytes", queue.maxBytes());
        positive("queue.max-messages", queue.maxMessages());
        positive("queue.max-age", queue.maxAge());
        positive("websocket.send-timeout", properties.websocket().sendTimeout());
        check(
                queue.overflow() != OverflowPolicy.CONNECTION && queue.overflow() != OverflowPolicy.PAUSE,
                "queue.overflow",
                lower(queue.overflow()),
                "This is the default that classes with overflow 'connection' use: one of close, drop-newest,"
                        + " drop-oldest, coalesce.");
        return new QueueLimits(
                queue.maxBytes().toBytes(),
                queue.maxMessages(),
                queue.maxAge(),
                properties.websocket().sendTimeout(),
                QueueLimits.DEFAULTS.reserveBytes(),
                queue.overflow());
    }

    private static FanoutSettings fanout(RealtimeProperties.Fanout fanout) {
        positive("fanout.chunk-size", fanout.chunkSize());
        positive("fanout.max-turn", fanout.maxTurn());
        positive("fanout.max-pending", fanout.maxPending());
        positive("fanout.max-pending-per-room", fanout.maxPendingPerRoom());
        size("fanout.max-pending-bytes", fanout.maxPendingBytes());
        Integer parallelism = fanout.parallelism();
        if (parallelism != null) {
            positive("fanout.parallelism", parallelism);
        }
        Map<String, Integer> weights = Map.copyOf(fanout.tenantWeights());
        weights.forEach((tenant, weight) -> positive("fanout.tenant-weights." + tenant, weight));
        return new FanoutSettings(
                fanout.chunkSize(),
                fanout.maxTurn(),
                parallelism == null ? FanoutSettings.DEFAULTS.parallelism() : parallelism,
                fanout.membership(),
                fanout.maxPending(),
                fanout.maxPendingPerRoom(),
                fanout.maxPendingBytes().toBytes(),
                tenant -> tenant == null ? 1 : weights.getOrDefault(tenant, 1));
    }

    private static HistoryLimits history(RealtimeProperties.History history) {
        positive("history.size", history.size());
        size("history.max-room-bytes", history.maxRoomBytes());
        positive("history.max-rooms", history.maxRooms());
        check(
                history.maxBytes().compareTo(history.maxRoomBytes()) >= 0,
                "history.max-bytes",
                history.maxBytes(),
                "It must not be less than realtime.history.max-room-bytes, which one room may take.");
        positive("history.ttl", history.ttl());
        check(
                history.recoveryLimit() >= 0,
                "history.recovery-limit",
                history.recoveryLimit(),
                "It must not be negative; 0 means that only a join that missed nothing is recovered.");
        return new HistoryLimits(
                history.size(),
                history.maxRoomBytes().toBytes(),
                history.maxRooms(),
                history.maxBytes().toBytes(),
                history.ttl());
    }

    private static DuplicatePolicy duplicates(RealtimeProperties.Connections connections) {
        Integer limit = connections.limit();
        if (connections.duplicatePolicy() == DuplicatePolicy.Rule.LIMIT) {
            check(
                    limit != null && limit > 0,
                    "connections.duplicate-policy",
                    "limit",
                    "Set realtime.connections.limit to how many connections one user may have.");
        } else {
            check(
                    limit == null,
                    "connections.limit",
                    limit,
                    "It is used by realtime.connections.duplicate-policy=limit only; realtime.connections.per-user"
                            + " limits the connections of a user under every policy.");
        }
        return new DuplicatePolicy(connections.duplicatePolicy(), limit == null ? 0 : limit, connections.perDevice());
    }

    private static Map<Delivery, DeliveryClass> classes(RealtimeProperties properties) {
        RealtimeProperties.Classes overrides = properties.delivery();
        Duration timeout = properties.backplane().publishTimeout();
        Map<Delivery, DeliveryClass> classes = new EnumMap<>(Delivery.class);
        for (Delivery delivery : Delivery.values()) {
            RealtimeProperties.Cells cells = switch (delivery) {
                case EPHEMERAL -> overrides.ephemeral();
                case STANDARD -> overrides.standard();
                case RECOVERABLE -> overrides.recoverable();
                case CRITICAL -> overrides.critical();
            };
            DeliveryClass standard =
                    with(DeliveryClass.of(delivery), new RealtimeProperties.Cells(null, null, null, null, timeout));
            // One cell at a time, so that the report names the one that cannot be.
            cell(
                    "overflow",
                    cells.overflow(),
                    standard,
                    value -> new RealtimeProperties.Cells(value, null, null, null, null));
            cell(
                    "order",
                    cells.order(),
                    standard,
                    value -> new RealtimeProperties.Cells(null, value, null, null, null));
            cell(
                    "on-not-writable",
                    cells.onNotWritable(),
                    standard,
                    value -> new RealtimeProperties.Cells(null, null, value, null, null));
            cell(
                    "on-not-readable",
                    cells.onNotReadable(),
                    standard,
                    value -> new RealtimeProperties.Cells(null, null, null, value, null));
            cell(
                    "publish-timeout",
                    cells.publishTimeout(),
                    standard,
                    value -> new RealtimeProperties.Cells(null, null, null, null, value));
            classes.put(delivery, with(standard, cells));
        }
        return classes;
    }

    private static <T> void cell(
            String name, @Nullable T value, DeliveryClass standard, Function<T, RealtimeProperties.Cells> only) {
        if (value == null) {
            return;
        }
        try {
            with(standard, only.apply(value));
        } catch (IllegalArgumentException ex) {
            throw invalid(
                    "delivery." + standard.name().wireName() + "." + name, lower(value), sentence(ex.getMessage()));
        }
    }

    private static DeliveryClass with(DeliveryClass standard, RealtimeProperties.Cells cells) {
        return new DeliveryClass(
                standard.name(),
                cells.order() == null ? standard.order() : cells.order(),
                cells.onNotWritable() == null ? standard.onNotWritable() : cells.onNotWritable(),
                cells.onNotReadable() == null ? standard.onNotReadable() : cells.onNotReadable(),
                cells.overflow() == null ? standard.overflow() : cells.overflow(),
                standard.recoverable(),
                standard.declaresLoss(),
                cells.publishTimeout() == null ? standard.publishTimeout() : cells.publishTimeout());
    }

    private static Map<String, RoomPolicy> policies(Map<String, RealtimeProperties.Policy> configured) {
        Map<String, RoomPolicy> policies = new LinkedHashMap<>();
        configured.forEach((pattern, policy) -> {
            String name = "rooms.policies[" + pattern + "]";
            check(
                    policy.share() >= 0 && policy.share() <= 1,
                    name + ".share",
                    policy.share(),
                    "It is a share of the recipients, between 0 and 1.");
            positive(name + ".window", policy.window());
            policies.put(pattern, new RoomPolicy(policy.share(), policy.window(), policy.action()));
        });
        return policies;
    }

    private static int orUnlimited(String name, @Nullable Integer value) {
        if (value == null) {
            return Integer.MAX_VALUE;
        }
        positive(name, value);
        return value;
    }

    private static void positive(String name, int value) {
        check(value > 0, name, value, "It must be at least 1.");
    }

    private static void positive(String name, Duration value) {
        check(!value.isNegative() && !value.isZero(), name, value, "It must be longer than zero.");
    }

    private static void size(String name, DataSize value) {
        check(
                value.toBytes() > 0 && value.toBytes() <= Integer.MAX_VALUE,
                name,
                value,
                "It must be at least 1B and less than 2GB.");
    }

    private static void check(boolean valid, String name, @Nullable Object value, String reason) {
        if (!valid) {
            throw invalid(name, value, reason);
        }
    }

    private static InvalidConfigurationPropertyValueException invalid(
            String name, @Nullable Object value, String reason) {
        return new InvalidConfigurationPropertyValueException("realtime." + name, value, reason);
    }

    private static Object lower(Object value) {
        return value instanceof Enum<?> constant
                ? constant.name().toLowerCase(Locale.ROOT).replace('_', '-')
                : value;
    }

    private static String sentence(@Nullable String text) {
        return text == null || text.isEmpty()
                ? "It contradicts its class."
                : Character.toUpperCase(text.charAt(0)) + text.substring(1) + ".";
    }
}
