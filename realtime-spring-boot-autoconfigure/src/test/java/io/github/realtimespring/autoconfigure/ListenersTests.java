package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.protocol.SessionListener;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ListenersTests {

    private final List<String> told = new ArrayList<>();

    @Test
    void everyListenerOfHandlersIsToldAndScopesCloseInTheOppositeOrder() {
        HandlerListener all = Listeners.handlers(List.of(handlers("a"), handlers("b")));
        HandlerListener.Call call = all.started(null, null);
        call.open().close();
        call.finished(null, null);
        assertThat(this.told)
                .containsExactly(
                        "a started", "b started", "a open", "b open", "b close", "a close", "a finished", "b finished");
    }

    @Test
    void everyListenerOfSessionsIsToldAndScopesCloseInTheOppositeOrder() {
        SessionListener all = Listeners.sessions(List.of(sessions("a"), sessions("b")));
        all.opened(null);
        all.received(null, "join");
        SessionListener.Call call = all.joining(null, "p", true);
        call.open().close();
        call.finished(null);
        assertThat(this.told)
                .containsExactly(
                        "a opened",
                        "b opened",
                        "a join",
                        "b join",
                        "a joining true",
                        "b joining true",
                        "a open",
                        "b open",
                        "b close",
                        "a close",
                        "a finished",
                        "b finished");
    }

    @Test
    void noListenerIsNoTrouble() {
        Listeners.handlers(List.of()).started(null, null).finished(null, null);
        Listeners.sessions(List.of()).joining(null, "p", false).finished(null);
        assertThat(this.told).isEmpty();
    }

    private HandlerListener handlers(String name) {
        return (handler, roomCall) -> {
            this.told.add(name + " started");
            return new HandlerListener.Call() {
                @Override
                public HandlerListener.Scope open() {
                    ListenersTests.this.told.add(name + " open");
                    return () -> ListenersTests.this.told.add(name + " close");
                }

                @Override
                public void finished(
                        io.github.realtimespring.@Nullable RealtimeException failure, @Nullable Throwable cause) {
                    ListenersTests.this.told.add(name + " finished");
                }
            };
        };
    }

    private SessionListener sessions(String name) {
        return new SessionListener() {
            @Override
            public void opened(io.github.realtimespring.connection.Connection connection) {
                ListenersTests.this.told.add(name + " opened");
            }

            @Override
            public void received(io.github.realtimespring.connection.Connection connection, String type) {
                ListenersTests.this.told.add(name + " " + type);
            }

            @Override
            public Call joining(
                    io.github.realtimespring.connection.Connection connection, String pattern, boolean resuming) {
                ListenersTests.this.told.add(name + " joining " + resuming);
                return new Call() {
                    @Override
                    public Scope open() {
                        ListenersTests.this.told.add(name + " open");
                        return () -> ListenersTests.this.told.add(name + " close");
                    }

                    @Override
                    public void finished(@Nullable Throwable failure) {
                        ListenersTests.this.told.add(name + " finished");
                    }
                };
            }
        };
    }
}
