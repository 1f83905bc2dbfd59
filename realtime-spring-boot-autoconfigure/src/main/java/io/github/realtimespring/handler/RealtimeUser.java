package io.github.realtimespring.handler;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.ControlReceipt;
import java.util.concurrent.CompletionStage;

/**
 * All connections of a user, on whatever node they are: made by {@link RealtimeTemplate#user}. Immutable and thread-safe;
 * it says nothing about whether the user is connected.
 *
 * @since 0.1.0
 */
public final class RealtimeUser extends Addressed {

    RealtimeUser(RealtimeTemplate template, RoutingKey key) {
        super(template, key);
    }

    /** The name. */
    public String name() {
        return this.key.id();
    }

    /**
     * Closes all connections of the user: those of this node before it returns, those of the others when they hear of it.
     *
     * @param code what the client is to do: 1000, 1012, 1013, or 4400 to 4599 (PROTOCOL, close codes); 4403 says that it
     *     must not come back
     * @return completes with what is known: who was closed here, and whether the other nodes were told; does not fail
     * @throws IllegalArgumentException for another code
     */
    public CompletionStage<ControlReceipt> disconnect(int code) {
        return this.template.engine().users().disconnect(this.key, code).receipt();
    }
}
