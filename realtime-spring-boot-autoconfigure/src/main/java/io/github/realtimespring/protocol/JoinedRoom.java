package io.github.realtimespring.protocol;

import io.github.realtimespring.handler.RoomCall;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** One membership of a session, from the moment it exists. Thread-safe. */
final class JoinedRoom {

    private enum State {
        /** A member whose {@code joined} has not been sent. */
        ENTERING,
        JOINED,
        OVER
    }

    private final RoomCall call;
    private final AtomicReference<State> state = new AtomicReference<>(State.ENTERING);
    private volatile @Nullable CompletionStage<?> handler;

    JoinedRoom(RoomCall call) {
        this.call = call;
    }

    RoomCall call() {
        return this.call;
    }

    /** The stage of the application's state handler; {@code null} if it was never called. */
    @Nullable
    CompletionStage<?> handler() {
        return this.handler;
    }

    /** The application's state handler was called for the first time. */
    void handler(CompletionStage<?> handler) {
        if (this.handler == null) {
            this.handler = handler;
        }
    }

    boolean isJoined() {
        return this.state.get() == State.JOINED;
    }

    boolean isOver() {
        return this.state.get() == State.OVER;
    }

    /** {@code joined} was sent; false if the membership has ended meanwhile. */
    boolean acknowledge() {
        return this.state.compareAndSet(State.ENTERING, State.JOINED) || isJoined();
    }

    /** The membership has ended; true if the client believes that it is a member. */
    boolean end() {
        return this.state.getAndSet(State.OVER) == State.JOINED;
    }
}
