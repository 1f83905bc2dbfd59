package io.github.realtimespring.handler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.OnNotWritable;
import io.github.realtimespring.handler.EventTypes.Settings;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class EventTypesTests {

    @RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
    record Typing(@Nullable String user) {}

    @RealtimeEvent(name = "notice")
    record Notice() {}

    record Plain() {}

    @RealtimeEvent(name = "moved", delivery = Delivery.EPHEMERAL, coalesceBy = "shape")
    public static class Moved {
        public String getShape() {
            return "circle";
        }
    }

    @RealtimeEvent(name = "lost", delivery = Delivery.EPHEMERAL, coalesceBy = "nothing")
    record Lost(String user) {}

    @Test
    void theTypeDeclaresNameAndClass() {
        EventTypes.Resolved typing = new EventTypes().resolve(null, Typing.class);

        assertThat(typing).isEqualTo(new EventTypes.Resolved("typing", DeliveryClass.EPHEMERAL, "user"));
    }

    @Test
    void aNameGivenWhereItIsSentWins() {
        assertThat(new EventTypes().resolve("other", Typing.class).name()).isEqualTo("other");
    }

    @Test
    void whatSaysNothingHasTheDefaultClass() {
        EventTypes types = new EventTypes(Delivery.EPHEMERAL, Map.of(), Map.of());

        assertThat(types.resolve(null, Notice.class).delivery().name()).isEqualTo(Delivery.EPHEMERAL);
        assertThat(types.resolve("x", Plain.class).delivery().name()).isEqualTo(Delivery.EPHEMERAL);
    }

    @Test
    void propertiesOverrideTheType() {
        EventTypes types = new EventTypes(
                Delivery.STANDARD,
                Map.of(),
                Map.of("notice", new Settings(Delivery.CRITICAL, null), "x", new Settings(Delivery.EPHEMERAL, "a")));

        assertThat(types.resolve(null, Notice.class).delivery()).isEqualTo(DeliveryClass.CRITICAL);
        assertThat(types.resolve("x", Map.class).coalesceBy()).isEqualTo("a");
    }

    @Test
    void cellsOfAClassCanBeChanged() {
        DeliveryClass recoverable = DeliveryClass.RECOVERABLE;
        DeliveryClass degrading = new DeliveryClass(
                recoverable.name(),
                recoverable.order(),
                OnNotWritable.DEGRADE,
                recoverable.onNotReadable(),
                recoverable.overflow(),
                true,
                true,
                Duration.ofSeconds(1));
        EventTypes types = new EventTypes(Delivery.RECOVERABLE, Map.of(Delivery.RECOVERABLE, degrading), Map.of());

        assertThat(types.resolve("x", Plain.class).delivery()).isEqualTo(degrading);
        assertThat(types.resolve(null, Typing.class).delivery()).isEqualTo(DeliveryClass.EPHEMERAL);
    }

    @Test
    void coalescingIsRefusedWhereEveryEventIsPromised() {
        assertThatExceptionOfType(InvalidEventTypeException.class)
                .isThrownBy(() -> new EventTypes(
                        Delivery.STANDARD, Map.of(), Map.of("x", new Settings(Delivery.RECOVERABLE, "a"))))
                .satisfies(ex -> assertThat(ex.event()).isEqualTo("x"));
        EventTypes types =
                new EventTypes(Delivery.STANDARD, Map.of(), Map.of("typing", new Settings(Delivery.CRITICAL, null)));
        assertThatExceptionOfType(InvalidEventTypeException.class).isThrownBy(() -> types.resolve(null, Typing.class));
    }

    @Test
    void aNamelessOrMalformedEventIsRefused() {
        assertThatExceptionOfType(InvalidEventTypeException.class)
                .isThrownBy(() -> new EventTypes().resolve(null, Plain.class));
        assertThatExceptionOfType(InvalidEventTypeException.class)
                .isThrownBy(() -> new EventTypes().resolve("a b", Plain.class));
    }

    @Test
    void recordsBeansMapsAndTreesGiveTheKeyByWhichTheyCoalesce() {
        EventTypes types = new EventTypes();
        EventTypes.Resolved byUser = types.resolve(null, Typing.class);

        assertThat(types.coalesceKey(byUser, new Typing("alice"))).isEqualTo("alice");
        assertThat(types.coalesceKey(byUser, new Typing(null))).isNull();
        assertThat(types.coalesceKey(types.resolve(null, Moved.class), new Moved()))
                .isEqualTo("circle");
        assertThat(types.coalesceKey(byUser, new HashMap<>(Map.of("user", 7)))).isEqualTo("7");
        assertThat(types.coalesceKey(byUser, HandlerFixture.JSON.readTree("{\"user\":\"bob\"}")))
                .isEqualTo("bob");
        assertThat(types.coalesceKey(byUser, HandlerFixture.JSON.readTree("{}")))
                .isNull();
        assertThatExceptionOfType(InvalidEventTypeException.class)
                .isThrownBy(() -> types.coalesceKey(types.resolve(null, Lost.class), new Lost("x")))
                .withMessageContaining("nothing");
    }
}
