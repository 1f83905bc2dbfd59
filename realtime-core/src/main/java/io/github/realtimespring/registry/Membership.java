package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One connection in one key. Leads to the connection only while that is registered, so a membership never keeps a closed
 * connection alive.
 *
 * @since 0.1.0
 */
public final class Membership {

    static final int OVER = -1;

    private static final VarHandle SLOT;

    static {
        try {
            SLOT = MethodHandles.lookup().findVarHandle(Membership.class, "slot", int.class);
        } catch (ReflectiveOperationException ex) {
            throw new ExceptionInInitializerError(ex);
        }
    }

    final RoomRegistry.Members members;
    private final Subscriber subscriber;
    /** Index in the members of the key, {@link #OVER} at the end. */
    private volatile int slot;
    /** The membership that the connection had joined before. */
    @Nullable
    Membership older;

    Membership(RoomRegistry.Members members, Subscriber subscriber) {
        this.members = members;
        this.subscriber = subscriber;
    }

    int slot() {
        return this.slot;
    }

    /** With release: the monitor that is held orders it, and a full fence for each move is a fifth of a leave. */
    void moveTo(int slot) {
        SLOT.setRelease(this, slot);
    }

    public RoutingKey key() {
        return this.members.key;
    }

    public ConnectionId connectionId() {
        return this.subscriber.id();
    }

    /** The connection while it is registered; {@code null} afterwards, or if there never was one in this process. */
    public @Nullable Connection connection() {
        return this.subscriber.connection();
    }

    /** Whether the connection is still in the key by this membership. */
    public boolean isCurrent() {
        return this.slot >= 0;
    }

    @Override
    public String toString() {
        return "Membership[" + connectionId() + " in " + key() + (isCurrent() ? "]" : ", over]");
    }
}
