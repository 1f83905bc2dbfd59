package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.protocol.JsonFrames;
import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.SendHandler;
import jakarta.websocket.SendResult;
import jakarta.websocket.Session;
import java.io.IOException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** The transport against a session that reports when and where the test wants. */
class WebSocketTransportTests {

    /** Reports a message as sent on the caller's stack, or when told to. */
    private static final class FakeRemote {
        final List<String> sent = new ArrayList<>();
        final AtomicReference<SendHandler> waiting = new AtomicReference<>();
        boolean inline;
        int depth;
        int deepest;

        void send(String text, SendHandler handler) {
            assertThat(this.waiting.get()).as("one message in flight").isNull();
            this.sent.add(text);
            if (this.inline) {
                this.depth++;
                this.deepest = Math.max(this.deepest, this.depth);
                handler.onResult(new SendResult((Session) null));
                this.depth--;
            } else {
                this.waiting.set(handler);
            }
        }

        void report() {
            this.waiting.getAndSet(null).onResult(new SendResult((Session) null));
        }

        void fail() {
            this.waiting.getAndSet(null).onResult(new SendResult(null, new IOException("broken pipe")));
        }
    }

    /** A backlog of tasks that the test runs: a sender whose turn has not come. */
    private final FakeRemote remote = new FakeRemote();

    private final FakeSession session = new FakeSession();
    private final WebSocketThreads threads = new WebSocketThreads(1);
    private final WebSocketTransport transport;
    private final Connection connection;
    private final List<CloseReason> ended = new ArrayList<>();

    WebSocketTransportTests() {
        // Closed threads: everything runs on the test's own.
        this.threads.close();
        this.transport = new WebSocketTransport(this.session.with(remote()), null, this.threads, this::ended);
        this.connection = new Connection(
                ConnectionId.random(),
                Identity.ANONYMOUS,
                this.transport,
                QueueLimits.DEFAULTS,
                new JsonFrames(JsonMapper.shared()),
                ReplaySource.none(),
                ConnectionListener.none(),
                Ticker.SYSTEM);
    }

    private void ended(CloseReason reason) {
        this.ended.add(reason);
        this.connection.closed(reason);
    }

    @AfterEach
    void nothingOfAMessageIsLeftBehind() {
        if (this.remote.waiting.get() == null && this.connection.isOpen()) {
            assertThat(this.connection.queue().size()).isZero();
        }
    }

    private RemoteEndpoint.Async remote() {
        return (RemoteEndpoint.Async) Proxy.newProxyInstance(
                getClass().getClassLoader(), new Class<?>[] {RemoteEndpoint.Async.class}, (proxy, method, args) -> {
                    if (method.getName().equals("sendText") && args.length == 2) {
                        this.remote.send((String) args[0], (SendHandler) args[1]);
                        return null;
                    }
                    throw new UnsupportedOperationException(method.getName());
                });
    }

    private void send(String text) {
        this.connection.send(Frame.direct(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void whatCameWhileAMessageWasInFlightGoesOutAsOneMessage() {
        send("a");
        send("b");
        send("c");
        assertThat(this.remote.sent).containsExactly("a");
        this.remote.report();
        assertThat(this.remote.sent).containsExactly("a", "b\nc");
        this.remote.report();
        send("d");
        assertThat(this.remote.sent).containsExactly("a", "b\nc", "d");
        this.remote.report();
    }

    @Test
    void aMessageJoinsNoMoreFramesThanItsBound() {
        String large = "x".repeat(30_000);
        send("a");
        send(large);
        send(large);
        send(large);
        this.remote.report();
        assertThat(this.remote.sent.get(1)).isEqualTo(large + "\n" + large);
        this.remote.report();
        assertThat(this.remote.sent.get(2)).isEqualTo(large);
        this.remote.report();
    }

    @Test
    void aFrameLargerThanTheBoundIsSentAlone() {
        String huge = "x".repeat(WebSocketTransport.MAX_MESSAGE + 1);
        send("a");
        send(huge);
        send("b");
        this.remote.report();
        assertThat(this.remote.sent.get(1)).hasSameSizeAs(huge);
        this.remote.report();
        assertThat(this.remote.sent.get(2)).isEqualTo("b");
        this.remote.report();
    }

    @Test
    void theStackDoesNotGrowWhenReportsComeOnTheCallersStack() {
        String large = "x".repeat(60_000);
        send("first");
        for (int i = 0; i < 15; i++) {
            send(large);
        }
        this.remote.inline = true;
        this.remote.report();
        assertThat(this.remote.sent).hasSize(16);
        assertThat(this.remote.deepest).isOne();
    }

    @Test
    void aFailedWriteEndsTheConnection() {
        send("a");
        this.remote.fail();
        assertThat(this.ended).containsExactly(CloseReason.ABNORMAL);
        assertThat(this.connection.isOpen()).isFalse();
        send("b");
        assertThat(this.remote.sent).containsExactly("a");
    }

    @Test
    void aGracefulCloseComesAfterWhatIsQueued() {
        send("a");
        send("b");
        this.connection.close(CloseReason.DRAINING);
        assertThat(this.session.closes).isEmpty();
        this.remote.report();
        assertThat(this.remote.sent).containsExactly("a", "b");
        assertThat(this.session.closes).isEmpty();
        this.remote.report();
        assertThat(this.session.closes).containsExactly(1012);
    }

    @Test
    void aSlowConsumerIsCutWithoutWaitingForItsMessage() {
        send("a");
        this.connection.close(CloseReason.SLOW_CONSUMER);
        assertThat(this.session.closes).containsExactly(1013);
        assertThat(this.session.properties.get(WebSocketTransport.CLOSE_TIMEOUT))
                .isEqualTo(1L);
        this.remote.fail();
        assertThat(this.ended).hasSize(1);
        assertThat(this.session.closes).containsExactly(1013);
    }
}
