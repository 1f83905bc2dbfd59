package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.HttpAnswer;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;

/** One asynchronous request that is answered once, from any thread, without waiting for the peer. */
final class HttpExchange implements Consumer<HttpAnswer>, AsyncResponse.Owner {

    private final AsyncResponse response;
    private final long patienceMillis;
    /** Whether a connection has one exchange after the other. */
    private final boolean persistent;

    private boolean over;
    private Runnable ended = () -> {};

    /**
     * Takes over the response of a request, on the container's thread.
     *
     * @param timeout when the container ends the exchange by itself; zero for never
     * @param patience how long the peer may take for the answer
     */
    HttpExchange(
            HttpServletRequest request,
            HttpServletResponse response,
            Duration timeout,
            Duration patience,
            WebSocketThreads threads)
            throws IOException {
        this.response = AsyncResponse.start(request, response, null, timeout, threads, this);
        this.patienceMillis = patience.toMillis();
        this.persistent = request.getProtocol().startsWith("HTTP/1");
    }

    @Override
    public void accept(HttpAnswer answer) {
        this.response.answer(response -> head(response, answer), answer.body(), this.patienceMillis);
    }

    /** The same, and what is left of the request's body is not waited for: the connection ends with it. */
    void acceptLast(HttpAnswer answer) {
        this.response.answer(
                response -> {
                    head(response, answer);
                    if (this.persistent) {
                        response.setHeader("Connection", "close");
                    }
                },
                answer.body(),
                this.patienceMillis);
    }

    /** The request cannot be read to its end: there is nobody to be answered. */
    void broken(Throwable failure) {
        this.response.broken(failure);
    }

    private static void head(HttpServletResponse response, HttpAnswer answer) {
        response.setStatus(answer.status());
        answer.headers().forEach(response::setHeader);
        if (answer.mediaType() != null) {
            response.setContentType(answer.mediaType());
            response.setContentLength(answer.body().length);
        }
    }

    /** Runs {@code action} when the exchange is over, at once if it is. */
    void onEnd(Runnable action) {
        synchronized (this) {
            if (!this.over) {
                this.ended = action;
                return;
            }
        }
        action.run();
    }

    @Override
    public void writable() {}

    @Override
    public void ended() {
        Runnable action;
        synchronized (this) {
            this.over = true;
            action = this.ended;
        }
        action.run();
    }
}
