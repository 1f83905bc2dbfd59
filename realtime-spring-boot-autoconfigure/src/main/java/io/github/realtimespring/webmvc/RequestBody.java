package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.HttpAnswer;
import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the body of an asynchronous request without holding a thread of the container while the client sends it, and keeps
 * no more of it than allowed.
 *
 * <p>What comes after a request is refused is read as well, for a while, and forgotten: a client that is still sending when
 * its connection is closed may never see the answer (RFC 9112, 9.6).
 *
 * <p>The container calls one method at a time; {@link #late} may run meanwhile. Who sets {@code done} answers.
 */
final class RequestBody implements ReadListener {

    private static final int PART = 4 << 10;

    /** How much of a body is read that nobody wants, and for how long. */
    private static final int MAX_UNWANTED = 1 << 20;

    private static final long PATIENCE_MILLIS = 2_000;

    private final ServletInputStream in;
    private final HttpExchange exchange;
    private final WebSocketThreads threads;
    private final int maxBytes;
    private final HttpAnswer tooLarge;
    private final Consumer<byte[]> complete;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    private final AtomicBoolean done = new AtomicBoolean();
    private @Nullable HttpAnswer refusal;
    private int unwanted;

    private RequestBody(
            ServletInputStream in,
            HttpExchange exchange,
            WebSocketThreads threads,
            int maxBytes,
            HttpAnswer tooLarge,
            Consumer<byte[]> complete) {
        this.in = in;
        this.exchange = exchange;
        this.threads = threads;
        this.maxBytes = maxBytes;
        this.tooLarge = tooLarge;
        this.complete = complete;
    }

    /**
     * Begins to read, on the container's thread. Ends {@code exchange} if the client goes away before it has sent everything.
     *
     * @param tooLarge what it is answered if there are more than {@code maxBytes}
     * @param complete is given the whole body, and answers
     */
    static void read(
            HttpServletRequest request,
            HttpExchange exchange,
            WebSocketThreads threads,
            int maxBytes,
            HttpAnswer tooLarge,
            Consumer<byte[]> complete)
            throws IOException {
        ServletInputStream in = request.getInputStream();
        in.setReadListener(new RequestBody(in, exchange, threads, maxBytes, tooLarge, complete));
    }

    /** Answers a request, on the container's thread, whose body nobody wants. */
    static void refuse(HttpServletRequest request, HttpExchange exchange, WebSocketThreads threads, HttpAnswer refusal)
            throws IOException {
        long length = request.getContentLengthLong();
        boolean chunked = request.getHeader("Transfer-Encoding") != null;
        if (length <= 0 && !chunked) {
            exchange.accept(refusal);
        } else if (length > MAX_UNWANTED) {
            exchange.acceptLast(refusal);
        } else {
            ServletInputStream in = request.getInputStream();
            RequestBody body = new RequestBody(in, exchange, threads, 0, refusal, bytes -> {});
            body.refused(refusal);
            in.setReadListener(body);
        }
    }

    private void refused(HttpAnswer refusal) {
        this.refusal = refusal;
        this.bytes.reset();
        this.threads.later(PATIENCE_MILLIS, this::late);
    }

    private void late() {
        HttpAnswer refusal = this.refusal;
        if (refusal != null && this.done.compareAndSet(false, true)) {
            this.exchange.acceptLast(refusal);
        }
    }

    @Override
    public void onDataAvailable() throws IOException {
        byte[] part = new byte[PART];
        while (!this.done.get() && this.in.isReady() && !this.in.isFinished()) {
            int read = this.in.read(part);
            if (read < 0) {
                return;
            }
            if (this.refusal != null) {
                this.unwanted += read;
                if (this.unwanted > MAX_UNWANTED) {
                    late();
                }
                continue;
            }
            this.bytes.write(part, 0, read);
            if (this.bytes.size() > this.maxBytes) {
                refused(this.tooLarge);
            }
        }
    }

    @Override
    public void onAllDataRead() {
        if (this.done.compareAndSet(false, true)) {
            if (this.refusal == null) {
                this.complete.accept(this.bytes.toByteArray());
            } else {
                this.exchange.accept(this.refusal);
            }
        }
    }

    @Override
    public void onError(Throwable failure) {
        this.done.set(true);
        this.exchange.broken(failure);
    }
}
