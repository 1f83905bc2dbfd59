package io.github.realtimespring.webmvc;

import jakarta.servlet.ReadListener;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.function.Consumer;

/**
 * Reads the body of an asynchronous request without holding a thread of the container while the client sends it, and no
 * more of it than allowed. The container calls one method at a time.
 */
final class RequestBody implements ReadListener {

    private static final int PART = 4 << 10;

    private final ServletInputStream in;
    private final int maxBytes;
    private final Consumer<byte[]> complete;
    private final Runnable tooLarge;
    private final Consumer<Throwable> broken;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(256);
    private boolean done;

    private RequestBody(
            ServletInputStream in,
            int maxBytes,
            Consumer<byte[]> complete,
            Runnable tooLarge,
            Consumer<Throwable> broken) {
        this.in = in;
        this.maxBytes = maxBytes;
        this.complete = complete;
        this.tooLarge = tooLarge;
        this.broken = broken;
    }

    /**
     * Begins to read, on the container's thread.
     *
     * @param complete is given the whole body; called if the client has sent it
     * @param tooLarge called in its place, as soon as there are more than {@code maxBytes}
     * @param broken called in its place, if the client goes away before; not every container ends the exchange then
     */
    static void read(
            HttpServletRequest request,
            int maxBytes,
            Consumer<byte[]> complete,
            Runnable tooLarge,
            Consumer<Throwable> broken)
            throws IOException {
        ServletInputStream in = request.getInputStream();
        in.setReadListener(new RequestBody(in, maxBytes, complete, tooLarge, broken));
    }

    @Override
    public void onDataAvailable() throws IOException {
        byte[] part = new byte[PART];
        while (!this.done && this.in.isReady() && !this.in.isFinished()) {
            int read = this.in.read(part);
            if (read < 0) {
                return;
            }
            this.bytes.write(part, 0, read);
            if (this.bytes.size() > this.maxBytes) {
                this.done = true;
                this.tooLarge.run();
            }
        }
    }

    @Override
    public void onAllDataRead() {
        if (!this.done) {
            this.done = true;
            this.complete.accept(this.bytes.toByteArray());
        }
    }

    @Override
    public void onError(Throwable failure) {
        this.done = true;
        this.broken.accept(failure);
    }
}
