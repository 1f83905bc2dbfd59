package io.github.realtimespring.handler;

import org.jspecify.annotations.Nullable;

/** The call whose handler runs on this thread: sends inside it go to its tenant. */
final class CurrentCall {

    private static final ThreadLocal<@Nullable RoomCall> current = new ThreadLocal<>();

    private CurrentCall() {}

    static @Nullable RoomCall get() {
        return current.get();
    }

    static HandlerListener.Scope open(RoomCall call) {
        RoomCall before = current.get();
        current.set(call);
        return () -> {
            if (before == null) {
                current.remove();
            } else {
                current.set(before);
            }
        };
    }
}
