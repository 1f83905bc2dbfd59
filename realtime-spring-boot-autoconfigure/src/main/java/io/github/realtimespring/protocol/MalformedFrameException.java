package io.github.realtimespring.protocol;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import org.jspecify.annotations.Nullable;

/** A frame of the client that cannot be read. Its message repeats nothing of the input. */
final class MalformedFrameException extends RealtimeException {

    private static final long serialVersionUID = 1L;

    private final transient @Nullable Long id;

    /** @param id the frame's id, if that much could be read */
    MalformedFrameException(@Nullable Long id, String message) {
        super(ErrorCode.BAD_REQUEST, message);
        this.id = id;
    }

    @Nullable
    Long id() {
        return this.id;
    }
}
