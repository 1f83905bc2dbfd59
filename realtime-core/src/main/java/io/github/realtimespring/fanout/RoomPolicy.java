package io.github.realtimespring.fanout;

import java.time.Duration;

/**
 * What to do when too many members of a room cannot take its events (SPEC §3).
 *
 * @param share of recipients, 0 to 1, that may miss events: more than this runs the action
 * @param window how long the share is measured
 * @param action what is done while the share is exceeded
 * @since 0.1.0
 */
public record RoomPolicy(double share, Duration window, Action action) {

    /** What a policy does. */
    public enum Action {
        /** Nothing. */
        NONE,
        /** Ephemeral events are not delivered; each recipient counts as dropped. */
        SHED_EPHEMERAL,
        /** Publishes fail with {@link RoomOverloadedException}. */
        REFUSE_SENDS
    }

    public RoomPolicy {
        if (!(share >= 0 && share <= 1) || window.isNegative() || window.isZero()) {
            throw new IllegalArgumentException("a room policy has a share between 0 and 1 and a positive window");
        }
    }
}
