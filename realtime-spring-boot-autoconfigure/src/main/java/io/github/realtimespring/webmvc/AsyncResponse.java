package io.github.realtimespring.webmvc;

import jakarta.servlet.AsyncContext;
import jakarta.servlet.AsyncEvent;
import jakarta.servlet.AsyncListener;
import jakarta.servlet.ServletOutputStream;
import jakarta.servlet.WriteListener;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ClassUtils;

/**
 * The response of one asynchronous request, written to from any thread without ever waiting for the peer (DESIGN, decision
 * 9): {@code AsyncContext} and {@code WriteListener}, one write at a time, flushed.
 *
 * <h2>Concurrency</h2>
 *
 * Every touch of request, response and context is under this object's monitor, and so are the container's callbacks that
 * say that the exchange is over. A container recycles a response as soon as its exchange is over and gives it to the next
 * request: a thread of ours that was still in a flush would write into somebody else's response. Hence {@link #onComplete}
 * and {@link #onError} wait for it, which takes as long as a write that does not block, and whoever comes later finds
 * {@code ENDED}. {@link Owner} is called without the monitor.
 *
 * <p>Until the container calls {@link #onWritePossible} for the first time it is still inside the request's service, so
 * what is written before is kept until then.
 */
final class AsyncResponse implements WriteListener, AsyncListener {

    private static final Logger logger = LoggerFactory.getLogger(AsyncResponse.class);

    /** Of the container, beyond what it has anyway: what is written goes out at once. */
    private static final int BUFFER = 512;

    /** How long the container may take to report a failed write before the exchange is ended all the same. */
    private static final long GRACE_MILLIS = 250;

    /** What became of a write. */
    enum Written {
        /** The kernel took it all. */
        DONE,
        /** It did not; {@link Owner#writable} follows, or {@link Owner#ended}. */
        PENDING,
        /** The exchange is over; {@link Owner#ended} was called, or is about to be. */
        GONE
    }

    /** Who writes. */
    interface Owner {

        /** A write that was {@link Written#PENDING} is done. Called on a thread of the container. */
        void writable();

        /** The exchange is over, whoever ended it; called once. */
        void ended();
    }

    /** How the container ends an exchange whose peer takes nothing more, without waiting for it. */
    interface Cut {

        /** Leads to {@link AsyncListener#onError} or {@link AsyncListener#onComplete} on a thread of the container. */
        void cut();

        /** The end of the exchange, which follows, waits for no more of the request. */
        void leaveBody();
    }

    private static final boolean TOMCAT =
            ClassUtils.isPresent("org.apache.catalina.connector.RequestFacade", AsyncResponse.class.getClassLoader());

    private enum State {
        /** The container has not called back yet. */
        NEW,
        OPEN,
        /** A write failed: the container is about to end the exchange. */
        FAILED,
        ENDED
    }

    private final HttpServletResponse response;
    private final AsyncContext context;
    private final ServletOutputStream out;
    private final WebSocketThreads threads;
    private final Owner owner;
    private final @Nullable Cut cut;
    private State state = State.NEW;
    private @Nullable Consumer<HttpServletResponse> head;
    /** Not written yet. */
    private byte @Nullable [] next;

    private boolean unflushed;
    /** The container said "not ready" and will call back. */
    private boolean waiting;
    /** The owner was told {@code PENDING}. */
    private boolean owed;

    private boolean finishing;
    private boolean completed;
    private boolean told;

    private AsyncResponse(
            HttpServletResponse response,
            AsyncContext context,
            @Nullable Cut cut,
            byte @Nullable [] first,
            WebSocketThreads threads,
            Owner owner)
            throws IOException {
        this.cut = cut;
        this.response = response;
        this.context = context;
        this.out = response.getOutputStream();
        this.next = first;
        this.threads = threads;
        this.owner = owner;
    }

    /**
     * Takes over the response of a request, on the container's thread and before anything was written.
     *
     * @param first goes out as soon as the container lets it, if it is there
     * @param timeout when the container ends the exchange by itself; zero for never
     * @throws IllegalStateException if the application has a filter or servlet that does not support asynchronous requests
     */
    static AsyncResponse start(
            HttpServletRequest request,
            HttpServletResponse response,
            byte @Nullable [] first,
            Duration timeout,
            WebSocketThreads threads,
            Owner owner)
            throws IOException {
        AsyncContext context = request.startAsync(request, response);
        context.setTimeout(timeout.toMillis());
        response.setBufferSize(BUFFER);
        Cut cut = TOMCAT ? TomcatExchange.of(request) : null;
        AsyncResponse async = new AsyncResponse(response, context, cut, first, threads, owner);
        context.addListener(async);
        async.out.setWriteListener(async);
        return async;
    }

    /** Writes and flushes {@code bytes}, which are not to be touched any more; not while a write is pending. */
    Written write(byte[] bytes) {
        Written written;
        synchronized (this) {
            if (this.state == State.FAILED || this.state == State.ENDED || this.finishing) {
                return Written.GONE;
            }
            if (this.owed) {
                throw new IllegalStateException("a write is pending");
            }
            append(bytes);
            written = this.state == State.NEW || this.waiting ? Written.PENDING : goOn();
            this.owed = written == Written.PENDING;
        }
        if (written == Written.GONE) {
            ended();
        }
        return written;
    }

    /**
     * Sets status and headers, writes the only bytes of this response and ends the exchange. While the container is still
     * inside the request's service its filters may set headers, too: ours wait until it has come out.
     *
     * @param patienceMillis how long the peer may take for it
     */
    void answer(Consumer<HttpServletResponse> head, byte[] body, long patienceMillis) {
        synchronized (this) {
            this.head = head;
        }
        finish(body, patienceMillis);
    }

    /**
     * Writes {@code last} and ends the exchange, once a write that is pending is done; nothing can be written any more.
     *
     * @param patienceMillis how long the peer may take for it
     */
    void finish(byte[] last, long patienceMillis) {
        boolean gone;
        boolean waits;
        synchronized (this) {
            if (this.state == State.FAILED || this.state == State.ENDED || this.finishing) {
                return;
            }
            this.finishing = true;
            if (last.length > 0) {
                append(last);
            }
            gone = this.state == State.OPEN && !this.waiting && goOn() == Written.GONE;
            waits = this.state != State.ENDED;
        }
        if (gone) {
            ended();
        } else if (waits) {
            this.threads.later(patienceMillis, this::abort);
        }
    }

    /** Ends the exchange without another write. */
    void abort() {
        synchronized (this) {
            if (this.state == State.ENDED) {
                return;
            }
            this.state = State.ENDED;
            if (this.cut != null && this.waiting) {
                this.cut.cut();
            } else {
                complete();
            }
        }
        ended();
    }

    /** Whether what was written last has not gone out yet. */
    synchronized boolean isPending() {
        return this.owed;
    }

    private void append(byte[] bytes) {
        if (this.next == null) {
            this.next = bytes;
            return;
        }
        ByteArrayOutputStream both = new ByteArrayOutputStream(this.next.length + bytes.length);
        both.writeBytes(this.next);
        both.writeBytes(bytes);
        this.next = both.toByteArray();
    }

    /** One step after the other for as long as the container is ready; under the monitor. */
    private Written goOn() {
        try {
            if (this.head != null) {
                this.head.accept(this.response);
                this.head = null;
            }
            while (this.out.isReady()) {
                byte[] bytes = this.next;
                if (bytes != null) {
                    this.next = null;
                    this.unflushed = true;
                    this.out.write(bytes);
                } else if (this.unflushed) {
                    this.unflushed = false;
                    this.out.flush();
                } else {
                    if (this.finishing) {
                        this.state = State.ENDED;
                        complete();
                    }
                    return this.finishing ? Written.GONE : Written.DONE;
                }
            }
            this.waiting = true;
            return Written.PENDING;
        } catch (IOException | RuntimeException ex) {
            logger.debug("Writing a response failed", ex);
            this.state = State.FAILED;
            this.threads.later(GRACE_MILLIS, this::abort);
            return Written.GONE;
        }
    }

    private void complete() {
        if (this.completed) {
            return;
        }
        this.completed = true;
        try {
            if (this.cut != null) {
                this.cut.leaveBody();
            }
            this.context.complete();
        } catch (RuntimeException ex) {
            logger.debug("The exchange has ended already", ex);
        }
    }

    private void ended() {
        synchronized (this) {
            if (this.told) {
                return;
            }
            this.told = true;
            this.next = null;
        }
        this.owner.ended();
    }

    @Override
    public void onWritePossible() {
        boolean writable = false;
        boolean gone = false;
        synchronized (this) {
            if (this.state == State.NEW) {
                this.state = State.OPEN;
            }
            if (this.state != State.OPEN) {
                return;
            }
            this.waiting = false;
            if (this.next == null && !this.unflushed && !this.finishing && !this.owed) {
                return;
            }
            Written written = goOn();
            gone = written == Written.GONE;
            if (written == Written.DONE && this.owed) {
                this.owed = false;
                writable = true;
            }
        }
        if (gone) {
            ended();
        } else if (writable) {
            this.owner.writable();
        }
    }

    /** Ends the exchange of a request that cannot be read to its end. */
    void broken(Throwable failure) {
        logger.debug("A request failed", failure);
        synchronized (this) {
            if (this.cut != null && this.state != State.ENDED) {
                // Tomcat closes the connection and reports that, as a rule.
                this.threads.later(GRACE_MILLIS, this::abort);
                return;
            }
            if (this.state != State.ENDED && !this.response.isCommitted()) {
                // Jetty would say that all is well.
                this.response.setStatus(HttpServletResponse.SC_BAD_REQUEST);
            }
        }
        over(true);
    }

    @Override
    public void onError(Throwable failure) {
        logger.debug("A response failed", failure);
        // Jetty leaves the end of the exchange to us.
        over(true);
    }

    @Override
    public void onComplete(AsyncEvent event) {
        over(false);
    }

    @Override
    public void onError(AsyncEvent event) {
        over(true);
    }

    @Override
    public void onTimeout(AsyncEvent event) {
        synchronized (this) {
            if (this.state == State.OPEN && !this.response.isCommitted()) {
                this.response.setStatus(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            }
        }
        over(true);
    }

    /** @param complete whether the container waits for that; otherwise it would answer with a page of errors */
    private void over(boolean complete) {
        synchronized (this) {
            this.state = State.ENDED;
            if (complete) {
                complete();
            }
        }
        ended();
    }

    @Override
    public void onStartAsync(AsyncEvent event) {}
}
