package io.github.realtimespring.webflux;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Frame;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SharedMessagesTests {

    private final SharedMessages messages = new SharedMessages();
    private final ByteBufAllocator allocator = UnpooledByteBufAllocator.DEFAULT;

    private static Frame event(String text) {
        return Frame.event(
                text.getBytes(StandardCharsets.UTF_8),
                Event.of(RoutingKey.room("a"), "test", Payload.ofJson("1"), DeliveryClass.STANDARD));
    }

    private static String text(ByteBuf message) {
        return message.toString(2, message.readableBytes() - 2, StandardCharsets.UTF_8);
    }

    @Test
    void membersThatSendTheSameShareTheBytesAndCountTheirReferences() {
        Frame a = event("a");
        Frame b = event("b");
        ByteBuf one = this.messages.text(List.of(a, b), this.allocator);
        ByteBuf two = this.messages.text(List.of(a, b), this.allocator);

        assertThat(text(one)).isEqualTo("a\nb");
        assertThat(two.memoryAddress()).isEqualTo(one.memoryAddress());
        assertThat(one.refCnt()).isEqualTo(3);
        one.skipBytes(2);
        assertThat(text(two)).isEqualTo("a\nb");
        this.messages.clear();
        one.release();
        assertThat(two.refCnt()).isEqualTo(1);
        two.release();
        assertThat(one.refCnt()).isZero();
    }

    @Test
    void otherFramesAreAnotherMessageAndTheOlderIsGivenBack() {
        Frame a = event("a");
        ByteBuf one = this.messages.text(List.of(a), this.allocator);
        ByteBuf two = this.messages.text(List.of(a, event("b")), this.allocator);
        ByteBuf same = this.messages.text(List.of(event("a")), this.allocator);

        assertThat(one.refCnt()).isEqualTo(1);
        assertThat(text(two)).isEqualTo("a\nb");
        assertThat(text(same)).isEqualTo("a");
        for (ByteBuf message : List.of(one, two, same)) {
            message.release();
        }
        this.messages.clear();
        assertThat(List.of(one.refCnt(), two.refCnt(), same.refCnt())).containsOnly(0);
    }

    @Test
    void anAnswerForOneConnectionIsNotKeptAndPushesNothingOut() {
        Frame a = event("a");
        ByteBuf one = this.messages.text(List.of(a), this.allocator);
        ByteBuf answer =
                this.messages.text(List.of(Frame.direct("x".getBytes(StandardCharsets.UTF_8)), a), this.allocator);
        ByteBuf two = this.messages.text(List.of(a), this.allocator);

        assertThat(answer.refCnt()).isEqualTo(1);
        assertThat(two.memoryAddress()).isEqualTo(one.memoryAddress());
        for (ByteBuf message : List.of(one, answer, two)) {
            message.release();
        }
        this.messages.clear();
        assertThat(one.refCnt()).isZero();
    }
}
