package io.github.realtimespring.actuate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.github.realtimespring.handler.RoomHandlers;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class RoomPatternsTests {

    private final AtomicReference<RoomHandlers> handlers = new AtomicReference<>();
    private final AtomicInteger asked = new AtomicInteger();
    private final RoomPatterns patterns = new RoomPatterns(() -> {
        this.asked.incrementAndGet();
        return this.handlers.get();
    });

    @Test
    void theHandlersAreAskedForUntilThereAreSomeAndNotForEachMessage() {
        assertThat(this.patterns.event("message.created")).isEqualTo(RoomPatterns.OTHER);
        assertThat(this.asked).hasValue(1);

        RoomHandlers late = mock(RoomHandlers.class);
        when(late.declares("message.created")).thenReturn(true);
        this.handlers.set(late);

        for (int i = 0; i < 10; i++) {
            assertThat(this.patterns.event("message.created")).isEqualTo("message.created");
        }
        assertThat(this.asked).hasValue(2);
    }
}
