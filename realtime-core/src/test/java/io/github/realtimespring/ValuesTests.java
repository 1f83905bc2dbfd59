package io.github.realtimespring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ValuesTests {

    @Test
    void aCursorReadsBack() {
        Cursor cursor = new Cursor("a1f3", 1041);

        assertThat(cursor).hasToString("a1f3.1041");
        assertThat(Cursor.parse("a1f3.1041")).contains(cursor);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a1f3",
                "a1f3.",
                ".1",
                "a1f3.-1",
                "a1f3.01",
                "a1f3.1.2",
                "a1f3.99999999999999999999",
                "a!f3.1",
                "a1f3.1\n",
                "a1f3.9223372036854775808"
            })
    void whatIsNotACursorIsNone(String text) {
        assertThat(Cursor.parse(text)).isEmpty();
    }

    @Test
    void eventIdsAreUniqueAndSortByTime() {
        Set<String> ids = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            ids.add(EventId.next(1));
        }

        assertThat(ids).hasSize(10_000).allMatch(EventId::isValid);
        assertThat(EventId.next(1_000_000)).isLessThan(EventId.next(2_000_000));
    }

    @Test
    void idsAndNamesHaveTheCharactersThatAreDocumentedAndNoOthers() {
        for (int c = 0; c <= Character.MAX_VALUE; c++) {
            String text = "a" + (char) c;
            boolean plain = text.matches("[A-Za-z0-9._~:-]+");
            assertThat(EventId.isValid(text)).as("%04x", c).isEqualTo(plain);
            assertThat(Event.isValidType(text)).as("%04x", c).isEqualTo(plain);
        }
        assertThat(EventId.isValid("")).isFalse();
        assertThat(EventId.isValid("a".repeat(64))).isTrue();
        assertThat(EventId.isValid("a".repeat(65))).isFalse();
        assertThat(Event.isValidType("")).isFalse();
        assertThat(Event.isValidType("a".repeat(100))).isTrue();
        assertThat(Event.isValidType("a".repeat(101))).isFalse();
    }

    @Test
    void anEventHasAPlainName() {
        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> Event.of(RoutingKey.room("a"), "a\nb", Payload.NULL, DeliveryClass.STANDARD))
                .satisfies(ex -> assertThat(ex.code()).isEqualTo(ErrorCode.BAD_REQUEST));
    }

    @ParameterizedTest
    @EnumSource
    void everyDeliveryClassHasItsRowOfTheMatrix(Delivery name) {
        assertThat(DeliveryClass.of(name).name()).isEqualTo(name);
    }

    @Test
    void aRecoverableClassThatSkipsIsRefusedWithAdvice() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> recoverable(PublishOrder.BACKPLANE_ONLY, OverflowPolicy.COALESCE))
                .withMessageContaining("use pause or close");
    }

    @ParameterizedTest
    @EnumSource(names = {"LOCAL_FIRST", "PUBLISH_FIRST"})
    void aRecoverableClassThatReachesMembersInAnotherOrderThanTheStreamsIsRefusedWithAdvice(PublishOrder order) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> recoverable(order, OverflowPolicy.CLOSE))
                .withMessageContaining("use backplane-only");
    }

    @Test
    void aClassWithoutAStreamCannotPause() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DeliveryClass(
                        Delivery.STANDARD,
                        PublishOrder.LOCAL_FIRST,
                        OnNotWritable.LOCAL_ONLY,
                        OnNotReadable.DELIVER_LOCALLY,
                        OverflowPolicy.PAUSE,
                        false,
                        true,
                        Duration.ofSeconds(1)))
                .withMessageContaining("use drop-newest");
    }

    @Test
    void errorCodesAreNamedAsOnTheWire() {
        assertThat(ErrorCode.NOT_JOINED.wireName()).isEqualTo("not-joined");
        assertThat(ErrorCode.RATE_LIMITED.retryable()).isTrue();
    }

    private static DeliveryClass recoverable(PublishOrder order, OverflowPolicy overflow) {
        return new DeliveryClass(
                Delivery.RECOVERABLE,
                order,
                OnNotWritable.REJECT,
                OnNotReadable.RECORD,
                overflow,
                true,
                true,
                Duration.ofSeconds(1));
    }
}
