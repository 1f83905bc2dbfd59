package io.github.realtimespring.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BeaconCopiesTests {

    private final Set<Integer> live = new HashSet<>(Set.of(0, 1));
    private final BeaconCopies copies = new BeaconCopies(3);

    private List<Integer> arrive(int partition, int number) {
        return numbers(this.copies.arrived(partition, 42, number, new byte[] {(byte) number}, this.live::contains));
    }

    private static List<Integer> numbers(List<byte[]> beacons) {
        return beacons.stream().map(beacon -> (int) beacon[0]).toList();
    }

    @Test
    void aBeaconHasComeWithItsLastCopy() {
        assertThat(arrive(0, 1)).isEmpty();
        assertThat(arrive(1, 1)).containsExactly(1);
        assertThat(arrive(2, 1)).isEmpty();
    }

    @Test
    void aLaterCopyStandsForOneThatWasLost() {
        assertThat(arrive(0, 1)).isEmpty();
        assertThat(arrive(0, 2)).isEmpty();
        assertThat(arrive(1, 2)).containsExactly(1, 2);
    }

    @Test
    void noBeaconComesTwiceOrOutOfOrder() {
        arrive(0, 1);
        assertThat(arrive(1, 1)).containsExactly(1);
        assertThat(arrive(1, 1)).isEmpty();
        assertThat(arrive(1, 2)).isEmpty();
        assertThat(arrive(0, 3)).containsExactly(2);
        assertThat(arrive(1, 3)).containsExactly(3);
    }

    @Test
    void aPartitionThatIsNotReadAnyMoreIsNotWaitedFor() {
        arrive(0, 1);
        this.live.remove(1);

        assertThat(numbers(this.copies.changed(this.live::contains))).containsExactly(1);
    }

    @Test
    void aPartitionThatIsReadFromNowOnIsWaitedFor() {
        arrive(2, 1);
        this.live.add(2);
        arrive(0, 2);

        assertThat(arrive(1, 2)).containsExactly();
        assertThat(arrive(2, 2)).containsExactly(2);
    }

    @Test
    void whatWaitsForAPartitionThatIsSilentIsBounded() {
        for (int i = 1; i <= 100; i++) {
            arrive(0, i);
        }

        assertThat(arrive(1, 100)).hasSize(16).contains(100);
    }
}
