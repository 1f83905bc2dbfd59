package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Ends connections with 4401 when the HTTP session that authenticated them ends, by logout or by expiry (SPEC §15). The
 * container would do the same with 1008, which tells a client to stop for good. Has to be a listener of the servlet
 * context; Spring Boot registers beans as such.
 *
 * <p>A session may end while a request that it authenticated is under way. The ids of those that ended last are
 * remembered, so that such a request does not open what nothing would end any more. The session itself does not tell: a
 * container calls its listeners before the session is invalid, and gives none away afterwards.
 *
 * <p>Thread-safe: the collections and the ids inside entries are guarded by this object's monitor, a leaf. Only ids are
 * held: of sessions with live connections, and a bounded number of others.
 *
 * @since 0.1.0
 */
public final class HttpSessionConnections implements HttpSessionListener, HttpSessionIdListener {

    /** Sessions whose end is remembered: many more than can end while one request is under way. */
    private static final int ENDED = 1024;

    private final Map<String, Set<Entry>> entries = new HashMap<>();
    private final Set<String> ended = Collections.newSetFromMap(new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > ENDED;
        }
    });

    /** One connection under the id that its HTTP session has now. */
    final class Entry {

        private final Connection connection;
        private String sessionId;

        private Entry(String sessionId, Connection connection) {
            this.sessionId = sessionId;
            this.connection = connection;
        }

        /** Forgets the connection. */
        void remove() {
            synchronized (HttpSessionConnections.this) {
                Set<Entry> all = HttpSessionConnections.this.entries.get(this.sessionId);
                if (all != null && all.remove(this) && all.isEmpty()) {
                    HttpSessionConnections.this.entries.remove(this.sessionId);
                }
            }
        }
    }

    /**
     * The session that authenticated a request; {@code null} if none did.
     *
     * @throws RealtimeException {@code unauthorized} if it has ended since the application's security let the request in
     */
    @Nullable
    HttpSession of(HttpServletRequest request) {
        if (request.getUserPrincipal() == null) {
            return null;
        }
        HttpSession session = request.getSession(false);
        // Credentials in the request itself hold, whatever session its cookie once named.
        if (session == null
                && request.getHeader(HttpHeaders.AUTHORIZATION) == null
                && hasEnded(request.getRequestedSessionId())) {
            throw new RealtimeException(ErrorCode.UNAUTHORIZED, "the session has ended");
        }
        return session;
    }

    /** @param sessionId as the cookie has it: on Jetty with the name of the node behind a dot, which is not the id's */
    private synchronized boolean hasEnded(@Nullable String sessionId) {
        if (sessionId == null) {
            return false;
        }
        int node = sessionId.lastIndexOf('.');
        return this.ended.contains(sessionId) || node > 0 && this.ended.contains(sessionId.substring(0, node));
    }

    /** From now on the end of {@code session} ends {@code connection}, at once if it has ended meanwhile. */
    Entry add(HttpSession session, Connection connection) {
        Entry entry = new Entry(session.getId(), connection);
        boolean over;
        synchronized (this) {
            over = this.ended.contains(entry.sessionId);
            if (!over) {
                this.entries
                        .computeIfAbsent(entry.sessionId, id -> new HashSet<>(2))
                        .add(entry);
            }
        }
        if (over || isInvalid(session)) {
            connection.close(CloseReason.UNAUTHORIZED);
        }
        return entry;
    }

    /** For a session that ended so long ago that nobody remembers. */
    private static boolean isInvalid(HttpSession session) {
        try {
            session.getCreationTime();
            return false;
        } catch (IllegalStateException ended) {
            return true;
        }
    }

    /** Sessions with live connections. */
    synchronized int size() {
        return this.entries.size();
    }

    /** Live connections of all sessions. */
    synchronized int connections() {
        return this.entries.values().stream().mapToInt(Set::size).sum();
    }

    /** A container may use the id of a session that has ended again. */
    @Override
    public synchronized void sessionCreated(HttpSessionEvent event) {
        this.ended.remove(event.getSession().getId());
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        String id = event.getSession().getId();
        Set<Entry> tied;
        synchronized (this) {
            this.ended.add(id);
            tied = this.entries.remove(id);
        }
        if (tied != null) {
            List.copyOf(tied).forEach(entry -> entry.connection.close(CloseReason.UNAUTHORIZED));
        }
    }

    @Override
    public synchronized void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
        String newSessionId = event.getSession().getId();
        Set<Entry> moved = this.entries.remove(oldSessionId);
        if (moved != null) {
            moved.forEach(entry -> entry.sessionId = newSessionId);
            this.entries.computeIfAbsent(newSessionId, id -> new HashSet<>(2)).addAll(moved);
        }
    }
}
