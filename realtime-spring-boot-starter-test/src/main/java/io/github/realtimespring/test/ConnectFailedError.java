package io.github.realtimespring.test;

import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.util.concurrent.TimeoutException;
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

    static ConnectFailedError answered(URI uri, HttpResponse<?> answer, @Nullable Throwable cause) {
        String location =
                answer.headers().firstValue("Location").map(to -> " to " + to).orElse("");
        String what = "could not connect to " + uri + ": the answer was " + answer.statusCode() + location;
        return new ConnectFailedError(what, answer.statusCode(), cause);
    }

    static ConnectFailedError unreachable(URI uri, Throwable cause) {
        String what = cause instanceof TimeoutException || cause instanceof HttpTimeoutException
                ? "no answer in time"
                : cause.toString();
        return new ConnectFailedError("could not connect to " + uri + ": " + what, 0, cause);
    }

    /** The HTTP status of the answer, such as 401; 0 if there was none. */
    public int status() {
        return this.status;
    }
}
