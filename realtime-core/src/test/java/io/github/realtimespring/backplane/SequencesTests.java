package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SequencesTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");

    private final Sequences sequences = new Sequences();

    @Test
    void aKeyIsCarriedUntilThreeBeaconsWithItCameBack() {
        publish(ROOM);
        publish(ROOM);

        for (long beacon = 1; beacon <= 5; beacon++) {
            assertThat(this.sequences.carry(beacon)).singleElement().satisfies(position -> {
                assertThat(position.key()).isEqualTo(ROOM);
                assertThat(position.sequence()).isEqualTo(2);
            });
            if (beacon >= 3) {
                this.sequences.cameBack(beacon);
            }
        }
        assertThat(this.sequences.carry(6)).isEmpty();
        assertThat(this.sequences.forgotten()).isEqualTo(5);
    }

    @Test
    void aNewEventBeginsTheThreeBeaconsAnew() {
        publish(ROOM);
        for (long beacon = 1; beacon <= 2; beacon++) {
            this.sequences.carry(beacon);
            this.sequences.cameBack(beacon);
        }
        publish(ROOM);
        this.sequences.recorded(ROOM, new Cursor("abcd", 4));

        for (long beacon = 3; beacon <= 5; beacon++) {
            assertThat(this.sequences.carry(beacon)).singleElement().satisfies(position -> {
                assertThat(position.sequence()).isEqualTo(2);
                assertThat(position.cursor()).isEqualTo(new Cursor("abcd", 4));
            });
            this.sequences.cameBack(beacon);
        }
        assertThat(this.sequences.carry(6)).isEmpty();
    }

    @Test
    void keysThatAreQuietAreNotKeptOutByKeysThatAreBusy() {
        List<RoutingKey> busy = keys("busy", 600);
        List<RoutingKey> quiet = keys("quiet", 600);
        quiet.forEach(this::publish);
        Set<RoutingKey> told = new HashSet<>();
        for (long beacon = 1; beacon <= 12; beacon++) {
            busy.forEach(this::publish);
            List<Beacon.Position> positions = this.sequences.carry(beacon);
            assertThat(positions).hasSizeLessThanOrEqualTo(512);
            positions.forEach(position -> told.add(position.key()));
            this.sequences.cameBack(beacon);
        }
        assertThat(told).containsAll(quiet);
    }

    @Test
    void aKeyThatWasForgottenBeginsANewRun() {
        long first = this.sequences.next(ROOM, (run, sequence) -> run);
        keys("other", 200_000).forEach(this::publish);

        long next = this.sequences.next(ROOM, (run, sequence) -> run);
        assertThat(next).isGreaterThan(first);
        long sequence = this.sequences.next(ROOM, (run, number) -> number);
        assertThat(sequence).isEqualTo(2);
        assertThat(this.sequences.overflows()).isPositive();
    }

    private static List<RoutingKey> keys(String name, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> RoutingKey.room(name + ":" + i))
                .toList();
    }

    private void publish(RoutingKey key) {
        this.sequences.next(key, (run, sequence) -> sequence);
    }
}
