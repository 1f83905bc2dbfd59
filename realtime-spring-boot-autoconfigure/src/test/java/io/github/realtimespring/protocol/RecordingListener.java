package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.room.Recovery;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what it is told. */
final class RecordingListener implements SessionListener {

    final List<String> told = new CopyOnWriteArrayList<>();
    /** Runs when a connection was admitted. */
    volatile Runnable onOpened = () -> {};

    @Override
    public void opened(Connection connection) {
        this.told.add("opened");
        this.onOpened.run();
    }

    @Override
    public void refused(Connection connection, CloseReason reason) {
        this.told.add("refused " + reason.code());
    }

    @Override
    public void received(Connection connection, String type) {
        this.told.add("received " + type);
    }

    @Override
    public void rateLimited(Connection connection) {
        this.told.add("rate limited");
    }

    @Override
    public void failed(Connection connection, ErrorCode code) {
        this.told.add("failed " + code.wireName());
    }

    @Override
    public Call joining(Connection connection, String pattern, boolean resuming) {
        this.told.add("joining " + pattern);
        return new Call() {
            @Override
            public void resumed(Recovery recovery, int replayed) {
                RecordingListener.this.told.add("resumed " + recovery + " " + replayed);
            }

            @Override
            public void finished(Throwable failure) {
                RecordingListener.this.told.add("join " + (failure == null ? "allowed" : "failed"));
            }
        };
    }

    @Override
    public void timedOut(Connection connection) {
        this.told.add("timed out");
    }
}
