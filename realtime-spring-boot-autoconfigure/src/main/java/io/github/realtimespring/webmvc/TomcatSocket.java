package io.github.realtimespring.webmvc;

import java.nio.ByteBuffer;
import java.nio.channels.CompletionHandler;
import java.util.concurrent.TimeUnit;
import org.apache.tomcat.util.net.SocketWrapperBase;
import org.apache.tomcat.util.net.SocketWrapperBase.BlockingMode;
import org.apache.tomcat.util.net.SocketWrapperBase.CompletionState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes to a Tomcat NIO socket as Tomcat's own WebSocket does, but without its way back through an executor
 * ({@code docs/decisions/0009-direct-writes-on-tomcat.md}). Tomcat's semaphore for pending writes keeps messages and the
 * container's frames apart; what the kernel does not take at once, Tomcat's poller writes.
 */
final class TomcatSocket implements SessionSocket {

    private static final Logger logger = LoggerFactory.getLogger(TomcatSocket.class);

    private static final String NIO = "org.apache.tomcat.util.net.NioEndpoint$NioSocketWrapper";

    /** As long as it takes: deadlines are the engine's. */
    private static final long NO_TIMEOUT = -1;

    private static final boolean SUPPORTED = supported();

    private final SocketWrapperBase<?> socket;

    TomcatSocket(SocketWrapperBase<?> socket) {
        this.socket = socket;
    }

    /** Whether Tomcat's classes are there and are what this class was written for. */
    static boolean isSupported() {
        return SUPPORTED;
    }

    private static boolean supported() {
        try {
            SocketWrapperBase.class.getMethod(
                    "write",
                    BlockingMode.class,
                    long.class,
                    TimeUnit.class,
                    Object.class,
                    SocketWrapperBase.CompletionCheck.class,
                    CompletionHandler.class,
                    ByteBuffer[].class);
            return TomcatUpgradeHandler.class.getConstructor().getParameterCount() == 0;
        } catch (ReflectiveOperationException | LinkageError ex) {
            logger.warn("This Tomcat's sockets cannot be written to directly; messages go through its remotes", ex);
            return false;
        }
    }

    /** Whether frames may be written to {@code socket} directly. */
    static boolean isUsable(SocketWrapperBase<?> socket) {
        return socket.hasAsyncIO() && socket.getClass().getName().equals(NIO);
    }

    @Override
    public Write write(ByteBuffer[] message, Completion completion) {
        CompletionState state = this.socket.write(
                BlockingMode.NON_BLOCK,
                NO_TIMEOUT,
                TimeUnit.MILLISECONDS,
                completion,
                SocketWrapperBase.COMPLETE_WRITE,
                Report.INSTANCE,
                message);
        return switch (state) {
            case INLINE -> Write.DONE;
            case NOT_DONE -> Write.BUSY;
            default -> Write.PENDING;
        };
    }

    /** Tomcat calls it for what was not written at once. */
    private enum Report implements CompletionHandler<Long, Completion> {
        INSTANCE;

        @Override
        public void completed(Long bytes, Completion completion) {
            completion.written();
        }

        @Override
        public void failed(Throwable failure, Completion completion) {
            completion.failed(failure);
        }
    }
}
