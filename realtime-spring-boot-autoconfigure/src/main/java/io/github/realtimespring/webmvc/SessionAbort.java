package io.github.realtimespring.webmvc;

import jakarta.websocket.Session;
import java.lang.ref.WeakReference;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Cuts what a close leaves open ({@code docs/decisions/0011-jetty.md}). The standard API has no abort. Tomcat ends the
 * socket of a session by itself; Jetty returns from a close at once and then waits without bound for a peer that does not
 * read, or that does not answer, but its sessions have a public {@code abort()}. Sessions without one are left alone.
 */
final class SessionAbort {

    private static final Logger logger = LoggerFactory.getLogger(SessionAbort.class);

    /** How long a message in flight may take before its session is cut. */
    static final long WRITE_MILLIS = 500;

    /** How long a peer may take to answer a close. */
    static final long HANDSHAKE_MILLIS = 10_000;

    private static final ClassValue<Optional<Method>> ABORT = new ClassValue<>() {
        @Override
        protected Optional<Method> computeValue(Class<?> type) {
            try {
                Method abort = type.getMethod("abort");
                return Modifier.isPublic(type.getModifiers()) ? Optional.of(abort) : Optional.empty();
            } catch (NoSuchMethodException none) {
                return Optional.empty();
            }
        }
    };

    private SessionAbort() {}

    /**
     * Cuts {@code session} later, whether it has ended meanwhile or not: then nothing happens.
     *
     * @param code what the close said. Jetty lets go of a session as soon as a code of failure is written; after the others
     *     it waits for the peer's answer
     * @param stuck whether the close may be behind a message that the peer does not read: then no answer is waited for
     */
    static void afterClose(Session session, int code, boolean stuck) {
        Optional<Method> abort = ABORT.get(session.getClass());
        if (abort.isEmpty()) {
            return;
        }
        long patience = !stuck && (code == 1000 || code >= 3000) ? HANDSHAKE_MILLIS : WRITE_MILLIS;
        // Sessions that ended in time are not held until then.
        WeakReference<Session> closed = new WeakReference<>(session);
        Method method = abort.get();
        CompletableFuture.delayedExecutor(patience, TimeUnit.MILLISECONDS, Runnable::run)
                .execute(() -> abort(closed.get(), method));
    }

    private static void abort(@Nullable Session session, Method abort) {
        if (session == null) {
            return;
        }
        try {
            abort.invoke(session);
        } catch (ReflectiveOperationException | RuntimeException ex) {
            logger.debug("Session {} could not be cut", session.getId(), ex);
        }
    }
}
