package io.github.realtimespring.test;

import org.jspecify.annotations.Nullable;

/**
 * A client could not connect: there is no server, or it refused. A test that means to be refused catches it.
 *
 * @since 0.1.0
 */
public final class ConnectFailedError extends AssertionError {

    private static final long serialVersionUID = 1L;

    private final int status;

    ConnectFailedError(String message, int status, @Nullable Throwable cause) {
        super(message, cause);
        this.status = status;
    }

    /** The HTTP status of the answer, such as 401; 0 if there was none. */
    public int status() {
        return this.status;
    }
}
