package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.handler.HandlerDescription;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.RoomCall;
import io.github.realtimespring.protocol.KeyedPublish;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several listeners as one: each is told, scopes are closed in the opposite order. */
final class Listeners {

    private Listeners() {}

    static HandlerListener handlers(List<HandlerListener> listeners) {
        return listeners.size() == 1 ? listeners.get(0) : new Handlers(listeners);
    }

    static SessionListener sessions(List<SessionListener> listeners) {
        return listeners.size() == 1 ? listeners.get(0) : new Sessions(listeners);
    }

    private record Handlers(List<HandlerListener> listeners) implements HandlerListener {

        @Override
        public Call started(HandlerDescription handler, RoomCall call) {
            List<Call> calls = this.listeners.stream()
                    .map(listener -> listener.started(handler, call))
                    .toList();
            return new Call() {
                @Override
                public Scope open() {
                    List<Scope> scopes = new ArrayList<>(calls.size());
                    calls.forEach(each -> scopes.add(0, each.open()));
                    return () -> scopes.forEach(Scope::close);
                }

                @Override
                public void finished(@Nullable RealtimeException failure, @Nullable Throwable cause) {
                    calls.forEach(each -> each.finished(failure, cause));
                }
            };
        }
    }

    private record Sessions(List<SessionListener> listeners) implements SessionListener {

        @Override
        public void opened(Connection connection) {
            this.listeners.forEach(listener -> listener.opened(connection));
        }

        @Override
        public void refused(Connection connection, CloseReason reason) {
            this.listeners.forEach(listener -> listener.refused(connection, reason));
        }

        @Override
        public void received(Connection connection, String type) {
            this.listeners.forEach(listener -> listener.received(connection, type));
        }

        @Override
        public void rateLimited(Connection connection) {
            this.listeners.forEach(listener -> listener.rateLimited(connection));
        }

        @Override
        public void failed(Connection connection, ErrorCode code) {
            this.listeners.forEach(listener -> listener.failed(connection, code));
        }

        @Override
        public void timedOut(Connection connection) {
            this.listeners.forEach(listener -> listener.timedOut(connection));
        }

        @Override
        public void keyed(KeyedPublish outcome) {
            this.listeners.forEach(listener -> listener.keyed(outcome));
        }

        @Override
        public Call joining(Connection connection, String pattern, boolean resuming) {
            List<Call> joins = this.listeners.stream()
                    .map(listener -> listener.joining(connection, pattern, resuming))
                    .toList();
            return new Call() {
                @Override
                public Scope open() {
                    List<Scope> scopes = new ArrayList<>(joins.size());
                    joins.forEach(each -> scopes.add(0, each.open()));
                    return () -> scopes.forEach(Scope::close);
                }

                @Override
                public void resumed(Recovery recovery, int replayed) {
                    joins.forEach(each -> each.resumed(recovery, replayed));
                }

                @Override
                public void finished(@Nullable Throwable failure) {
                    joins.forEach(each -> each.finished(failure));
                }
            };
        }
    }
}
