package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.netty.buffer.PooledByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.springframework.boot.test.system.CapturedOutput;

/** Tracks every buffer of Netty while something runs, and looks for what was lost. */
public final class BufferLeaks {

    /** How the detector says it. */
    private static final String LEAK = "LEAK: ByteBuf";

    private BufferLeaks() {}

    /** Fails if {@code work} loses a buffer, and also if a lost buffer would not have been seen. */
    public static void assertNone(CapturedOutput output, Callable<?> work) throws Exception {
        ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        try {
            work.call();
            collect();
            assertThat(output.getAll()).doesNotContain(LEAK);
            String lost = "lost on purpose " + UUID.randomUUID();
            lose(lost);
            await().atMost(Duration.ofSeconds(60)).until(() -> {
                collect();
                return output.getAll().contains(lost);
            });
        } finally {
            ResourceLeakDetector.setLevel(before);
        }
    }

    /** Leaks are reported when the next buffer is tracked. */
    private static void collect() {
        for (int i = 0; i < 5; i++) {
            System.gc();
            for (int n = 0; n < 100; n++) {
                PooledByteBufAllocator.DEFAULT.buffer(16).release();
            }
        }
    }

    /** @param hint makes it another loss than those before, of which the detector would not speak again */
    private static void lose(String hint) {
        PooledByteBufAllocator.DEFAULT.buffer(16).touch(hint);
    }
}
