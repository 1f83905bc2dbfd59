package io.github.realtimespring.protocol;

import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.room.LeaveReason;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * One membership of a session, from the moment it exists.
 *
 * <p>The fields are guarded by this object's monitor, a leaf. Invariant: the state handler is not called once the
 * membership is over, so whoever ends it knows whether there is something to be told.
 */
final class JoinedRoom {

    private enum State {
        /** A member whose {@code joined} has not been sent. */
        ENTERING,
        JOINED,
        OVER
    }

    private final RoomCall call;
    /** Completes when the state handler has, the first time it is called. */
    private final CompletableFuture<@Nullable Object> entered = new CompletableFuture<>();

    private State state = State.ENTERING;
    private boolean begun;
    private boolean told;
    private LeaveReason reason = LeaveReason.CLOSED;

    JoinedRoom(RoomCall call) {
        this.call = call;
    }

    RoomCall call() {
        return this.call;
    }

    /** The state handler is about to be called; false if the membership is over, and then it is not. */
    synchronized boolean begin() {
        if (this.state == State.OVER) {
            return false;
        }
        this.begun = true;
        return true;
    }

    /** The state handler was called and this is what it returned. */
    void entered(CompletionStage<@Nullable Object> stage) {
        stage.whenComplete((value, failure) -> {
            if (failure == null) {
                this.entered.complete(value);
            } else {
                this.entered.completeExceptionally(failure);
            }
        });
    }

    synchronized boolean isJoined() {
        return this.state == State.JOINED;
    }

    /** {@code joined} was sent; false if the membership has ended meanwhile. */
    synchronized boolean acknowledge() {
        if (this.state == State.OVER) {
            return false;
        }
        this.state = State.JOINED;
        return true;
    }

    /** The membership has ended; true if the client believes that it is a member. */
    synchronized boolean end(LeaveReason reason) {
        boolean known = this.state == State.JOINED;
        if (this.state != State.OVER) {
            this.state = State.OVER;
            this.reason = reason;
        }
        return known;
    }

    /** Why the membership ended. */
    synchronized LeaveReason reason() {
        return this.reason;
    }

    /** The stage of the state handler; {@code null} if it was not called and, once this is over, never will be. */
    synchronized @Nullable CompletionStage<?> handler() {
        return this.begun ? this.entered : null;
    }

    /** Whether the application has yet to be told of the end; {@code true} once, if its state handler succeeded. */
    synchronized boolean claimEnd() {
        if (this.told || !this.begun || !this.entered.isDone() || this.entered.isCompletedExceptionally()) {
            return false;
        }
        this.told = true;
        return true;
    }
}
