package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * What one frame of the client is answered: the first answer goes out, later ones have no effect, so that every id is
 * answered exactly once whoever is faster, the handler or its deadline. Thread-safe.
 */
final class Answer {

    private final ProtocolSession session;
    private final @Nullable Long id;
    private final AtomicBoolean given = new AtomicBoolean();

    Answer(ProtocolSession session, @Nullable Long id) {
        this.session = session;
        this.id = id;
    }

    @Nullable
    Long id() {
        return this.id;
    }

    /** Whether nobody has answered yet and there is still somebody to answer. */
    boolean isOpen() {
        return !this.given.get() && this.session.isOpen();
    }

    /** Takes the right to answer; whoever gets {@code true} sends the answer. */
    boolean claim() {
        return this.given.compareAndSet(false, true);
    }

    /** Answers with {@code frame}, if nobody has. */
    void send(Frame frame) {
        if (claim()) {
            this.session.connection().send(frame);
        }
    }

    /** Answers with the failure, if nobody has. */
    void fail(@Nullable RoutingKey room, Throwable failure) {
        if (claim()) {
            this.session.error(this.id, room, failure);
        }
    }

    void fail(@Nullable RoutingKey room, ErrorCode code, String message) {
        fail(room, new RealtimeException(code, message));
    }
}
