package io.github.realtimespring.backplane;

import io.github.realtimespring.ConnectionId;
import java.util.List;

/**
 * What is known of something that was asked for about a user: what was done here, and whether the other nodes were told.
 * What they did is not known; a node that the backplane does not reach does nothing.
 *
 * @param here the connections of this node that were closed, or that left the room
 * @param backplane {@code PUBLISHED} if the others were told, {@code LOCAL_ONLY} if they certainly were not,
 *     {@code UNKNOWN} if nobody can say
 * @since 0.1.0
 */
public record ControlReceipt(List<ConnectionId> here, BackplaneOutcome backplane) {

    public ControlReceipt {
        here = List.copyOf(here);
    }
}
