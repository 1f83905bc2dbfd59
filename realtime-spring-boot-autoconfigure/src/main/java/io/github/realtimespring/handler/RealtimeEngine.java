package io.github.realtimespring.handler;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.room.UserService;

/**
 * The parts of the engine that handlers and the template work with.
 *
 * @since 0.1.0
 */
public record RealtimeEngine(
        FanoutService fanout,
        EventEncoder encoder,
        RoomService rooms,
        ConnectionRegistry connections,
        PresenceService presence,
        BackplaneAdapter backplane,
        UserService users) {

    /** With a service of its own for what is done about users on all nodes. */
    public RealtimeEngine(
            FanoutService fanout,
            EventEncoder encoder,
            RoomService rooms,
            ConnectionRegistry connections,
            PresenceService presence,
            BackplaneAdapter backplane) {
        this(fanout, encoder, rooms, connections, presence, backplane, new UserService(connections, rooms, backplane));
    }
}
