package io.github.realtimespring.actuate;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.handler.RoomMatch;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The values that the tags {@code room} and {@code event} can have (SPEC §14): patterns and declared events, never what a
 * client made up. Their number is bounded by what the application declares.
 *
 * <p>Thread-safe; a look-up costs one access to a bounded cache.
 *
 * @since 0.1.0
 */
public final class RoomPatterns {

    /** What is tagged with nothing that was declared. */
    public static final String OTHER = "other";

    private static final int REMEMBERED = 10_000;

    private final Supplier<@Nullable RoomHandlers> source;
    private volatile @Nullable RoomHandlers handlers;
    private final Cache<String, String> patterns =
            Caffeine.newBuilder().maximumSize(REMEMBERED).build();

    /**
     * @param handlers asked late, because the handlers depend on the engine, which depends on who listens to it; not asked
     *     again once it has answered, because that costs a look into the bean factory for each message
     */
    public RoomPatterns(Supplier<@Nullable RoomHandlers> handlers) {
        this.source = handlers;
    }

    /** The pattern of a room, the kind of any other key, {@value #OTHER} for a room that no pattern matches. */
    public String pattern(RoutingKey key) {
        return switch (key.kind()) {
            case ROOM, PRESENCE -> {
                RoomHandlers handlers = handlers();
                yield handlers == null ? OTHER : this.patterns.get(key.id(), room -> match(handlers, room));
            }
            default -> key.kind().prefix();
        };
    }

    private static String match(RoomHandlers handlers, String room) {
        RoomMatch match = handlers.match(room);
        return match == null ? OTHER : match.pattern();
    }

    /** The event's name if it is declared, else {@value #OTHER}. */
    public String event(String event) {
        RoomHandlers handlers = handlers();
        return handlers != null && handlers.declares(event) ? event : OTHER;
    }

    /** Every pattern. */
    public List<String> patterns() {
        RoomHandlers handlers = handlers();
        return handlers == null ? List.of() : handlers.patterns();
    }

    /** Without a lock: who comes at once asks as well and gets the same. */
    private @Nullable RoomHandlers handlers() {
        RoomHandlers known = this.handlers;
        if (known == null) {
            known = this.source.get();
            this.handlers = known;
        }
        return known;
    }
}
