package io.github.realtimespring.room;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Control;
import io.github.realtimespring.backplane.ControlListener;
import io.github.realtimespring.backplane.ControlReceipt;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What is done about the connections of a user, on whatever node they are (SPEC §1, §2): here at once, on the other nodes
 * when they hear of it through the backplane, at most once. A node that does not hear of it does nothing, and nobody is
 * told: who must not come back has to be refused by the access rule, too.
 *
 * <p>Thread-safe; no method waits.
 *
 * @since 0.1.0
 */
public final class UserService implements ControlListener {

    /** Of as many things that other nodes asked for it is known that they were done. */
    private static final int REMEMBERED = 4096;

    private final ConnectionRegistry connections;
    private final RoomService rooms;
    private final BackplaneAdapter backplane;
    private final Set<String> done = Collections.newSetFromMap(Collections.synchronizedMap(new Recent()));

    /** The backplane hands to this what other nodes ask for, so it is made before the backplane starts. */
    public UserService(ConnectionRegistry connections, RoomService rooms, BackplaneAdapter backplane) {
        this.connections = connections;
        this.rooms = rooms;
        this.backplane = backplane;
        backplane.controls(this);
    }

    /**
     * Something that was asked for about a user.
     *
     * @param here the connections of this node that it was done to
     * @param receipt completes when the backplane has answered; does not fail
     */
    public record Asked(List<ConnectionId> here, CompletionStage<ControlReceipt> receipt) {

        public Asked {
            here = List.copyOf(here);
        }
    }

    /**
     * Closes all connections of a user.
     *
     * @param user the key of a user
     * @param code what they are closed with, as {@link Control#isCloseCode} allows
     * @throws IllegalArgumentException if it is not the key of a user, or the code is not one of these
     */
    public Asked disconnect(RoutingKey user, int code) {
        Control control = Control.disconnect(user, code);
        return ask(control, closed(control));
    }

    /**
     * Ends the memberships of a user in a room.
     *
     * @throws IllegalArgumentException if it is not the key of a room
     */
    public Asked evict(RoutingKey room, String user) {
        Control control = Control.evict(new RoutingKey(RoutingKey.Kind.USER, room.tenant(), user), room);
        return ask(control, this.rooms.evict(room, user));
    }

    /** Closes connections of other nodes: younger ones have taken their places. */
    public void superseded(RoutingKey user, List<ConnectionId> connections) {
        for (int i = 0; i < connections.size(); i += Control.MAX_CONNECTIONS) {
            int end = Math.min(connections.size(), i + Control.MAX_CONNECTIONS);
            this.backplane.control(
                    Control.disconnect(user, CloseReason.SUPERSEDED.code(), connections.subList(i, end)));
        }
    }

    private Asked ask(Control control, List<Connection> here) {
        List<ConnectionId> ids = here.stream().map(Connection::id).toList();
        CompletionStage<BackplaneOutcome> told;
        try {
            told = this.backplane.control(control);
        } catch (RuntimeException ex) {
            told = CompletableFuture.failedFuture(ex);
        }
        CompletionStage<ControlReceipt> receipt = told.handle((outcome, failure) -> {
            BackplaneOutcome known = failure == null ? outcome : BackplaneOutcome.UNKNOWN;
            return new ControlReceipt(ids, known == BackplaneOutcome.REJECTED ? BackplaneOutcome.LOCAL_ONLY : known);
        });
        return new Asked(ids, receipt);
    }

    /** Does here what another node asks for, once. */
    @Override
    public void onControl(Control control) {
        if (!this.done.add(control.id())) {
            return;
        }
        RoutingKey room = control.room();
        if (room == null) {
            closed(control);
        } else {
            this.rooms.evict(room, control.user().id());
        }
    }

    private List<Connection> closed(Control control) {
        CloseReason reason = reason(control.code());
        List<Connection> closed = new ArrayList<>();
        for (Connection connection : this.connections.connections(control.user())) {
            if (control.connections().isEmpty() || control.connections().contains(connection.id())) {
                connection.close(reason);
                closed.add(connection);
            }
        }
        return closed;
    }

    private static CloseReason reason(int code) {
        return code == CloseReason.SUPERSEDED.code()
                ? CloseReason.SUPERSEDED
                : new CloseReason(code, "closed by the application", true);
    }

    private static final class Recent extends LinkedHashMap<String, Boolean> {

        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    }
}
