package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Writes to the socket below the session: what is written, and who goes on when. */
class DirectWritesTests {

    /** Takes what it is given at once, unless told otherwise. */
    private static final class FakeSocket implements SessionSocket {

        private final List<byte[]> written = new CopyOnWriteArrayList<>();
        private final List<String> threads = new CopyOnWriteArrayList<>();
        private final Deque<Write> answers = new ArrayDeque<>();
        private Completion pending;

        @Override
        public synchronized Write write(ByteBuffer[] message, Completion completion) {
            Write answer = this.answers.isEmpty() ? Write.DONE : this.answers.remove();
            this.threads.add(Thread.currentThread().getName());
            if (answer != Write.BUSY) {
                ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                for (ByteBuffer part : message) {
                    byte[] content = new byte[part.remaining()];
                    part.get(content);
                    bytes.writeBytes(content);
                }
                this.written.add(bytes.toByteArray());
            }
            if (answer == Write.PENDING) {
                this.pending = completion;
            }
            return answer;
        }

        List<String> payloads() {
            return this.written.stream().map(FakeSocket::payload).toList();
        }

        /** Of an unmasked, unfragmented text frame, RFC 6455 section 5.2. */
        static String payload(byte[] frame) {
            ByteBuffer bytes = ByteBuffer.wrap(frame);
            assertThat(bytes.get()).isEqualTo((byte) 0x81);
            int length = bytes.get();
            assertThat(length).isNotNegative();
            long size = length == 127 ? bytes.getLong() : length == 126 ? bytes.getShort() & 0xFFFF : length;
            assertThat(size).isEqualTo(bytes.remaining());
            assertThat(length).isEqualTo(size < 126 ? (int) size : size < 65_536 ? 126 : 127);
            return StandardCharsets.UTF_8.decode(bytes).toString();
        }
    }

    private final FakeSocket socket = new FakeSocket();
    private final FakeSession session = new FakeSession();
    private final List<CloseReason> ended = new ArrayList<>();
    private final WebSocketThreads threads = new WebSocketThreads(1);
    private final WebSocketTransport transport =
            new WebSocketTransport(this.session.with(null), this.socket, this.threads, this::ended);
    private final Connection connection = new Connection(
            ConnectionId.random(),
            Identity.ANONYMOUS,
            this.transport,
            QueueLimits.DEFAULTS,
            new JsonFrames(JsonMapper.shared()),
            ReplaySource.none(),
            ConnectionListener.none(),
            Ticker.SYSTEM);

    @AfterEach
    void close() {
        this.threads.close();
    }

    private void ended(CloseReason reason) {
        this.ended.add(reason);
        this.connection.closed(reason);
    }

    private void send(String text) {
        this.connection.send(frame(text));
    }

    private static Frame frame(String text) {
        return Frame.direct(text.getBytes(StandardCharsets.UTF_8));
    }

    private void awaitPayloads(String... payloads) {
        await().untilAsserted(() -> assertThat(this.socket.payloads()).containsExactly(payloads));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 125, 126, 4_096, 4_097, 65_535, 65_536, 100_000})
    void aFrameOfAnySizeIsOneTextMessage(int size) {
        String text = "é".repeat(size / 2) + "x".repeat(size % 2);
        send(text);
        awaitPayloads(text);
    }

    @Test
    void whatCameWhileAWriteWasPendingGoesOutAsOneMessage() {
        // Closed threads: everything runs on the test's own.
        this.threads.close();
        this.socket.answers.add(SessionSocket.Write.PENDING);
        send("a");
        awaitPayloads("a");
        send("b");
        send("c");
        assertThat(this.socket.payloads()).containsExactly("a");
        this.socket.pending.written();
        awaitPayloads("a", "b\nc");
    }

    @Test
    void aWriteThatFindsTheContainerWritingIsRepeated() {
        this.socket.answers.add(SessionSocket.Write.BUSY);
        this.socket.answers.add(SessionSocket.Write.BUSY);
        send("a");
        awaitPayloads("a");
        send("b");
        awaitPayloads("a", "b");
    }

    @Test
    void aSenderWritesUnlessTheCallerHasNothingElseToDo() {
        send("a");
        awaitPayloads("a");
        assertThat(this.socket.threads).containsExactly("realtime-send-1");
        // The drain of "a" may not have ended yet: then its thread also writes what is queued now.
        await().until(() -> {
            this.connection.sendNow(frame("b"));
            return this.socket.threads.contains(Thread.currentThread().getName());
        });
    }

    @Test
    void aFailureOfAPendingWriteEndsTheConnectionAndThenTheSession() {
        this.socket.answers.add(SessionSocket.Write.PENDING);
        send("a");
        awaitPayloads("a");
        this.socket.pending.failed(new IOException("broken pipe"));
        assertThat(this.ended).containsExactly(CloseReason.ABNORMAL);
        assertThat(this.connection.isOpen()).isFalse();
        await().untilAsserted(() -> assertThat(this.session.closes).containsExactly(1001));
        send("b");
        assertThat(this.socket.payloads()).containsExactly("a");
    }

    @Test
    void aSlowConsumerIsCutWhileItsWriteIsPending() {
        this.socket.answers.add(SessionSocket.Write.PENDING);
        send("a");
        awaitPayloads("a");
        this.connection.close(CloseReason.SLOW_CONSUMER);
        await().untilAsserted(() -> assertThat(this.session.closes).containsExactly(1013));
    }
}
