package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.Connection;
import jakarta.servlet.http.HttpSession;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Ends connections with 4401 when the HTTP session that authenticated them ends, by logout or by expiry (SPEC §15). The
 * container would do the same with 1008, which tells a client to stop for good. Has to be a listener of the servlet
 * context; Spring Boot registers beans as such.
 *
 * <p>Thread-safe: the map and the ids inside entries are guarded by this object's monitor, a leaf. Only ids are held, and
 * only of sessions with live connections.
 *
 * @since 0.1.0
 */
public final class HttpSessionConnections implements HttpSessionListener, HttpSessionIdListener {

    private final Map<String, Set<Entry>> entries = new HashMap<>();

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

    synchronized Entry add(String sessionId, Connection connection) {
        Entry entry = new Entry(sessionId, connection);
        this.entries.computeIfAbsent(sessionId, id -> new HashSet<>(2)).add(entry);
        return entry;
    }

    /** The same for a session that may be ending just now: then the connection ends with it. */
    Entry add(HttpSession session, Connection connection) {
        Entry entry = add(session.getId(), connection);
        try {
            session.getCreationTime();
        } catch (IllegalStateException endedMeanwhile) {
            connection.close(CloseReason.UNAUTHORIZED);
        }
        return entry;
    }

    /** Sessions with live connections. */
    synchronized int size() {
        return this.entries.size();
    }

    /** Live connections of all sessions. */
    synchronized int connections() {
        return this.entries.values().stream().mapToInt(Set::size).sum();
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
        Set<Entry> ended;
        synchronized (this) {
            ended = this.entries.remove(event.getSession().getId());
        }
        if (ended != null) {
            List.copyOf(ended).forEach(entry -> entry.connection.close(CloseReason.UNAUTHORIZED));
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
