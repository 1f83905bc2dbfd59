package io.github.realtimespring.backplane;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BeaconCopiesTests {

    private final Set<Integer> live = new HashSet<>(Set.of(0, 1));
    private final BeaconCopies copies = new BeaconCopies();

    private List<Integer> arrive(int way, int number) {
        return arrive(way, 42, number, 0, 1, 2);
    }

    private List<Integer> arrive(int way, long node, int number, int... through) {
        return numbers(
                this.copies.arrived(way, node, number, through, new byte[] {(byte) number}, this.live::contains));
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
    void aWayThatIsNotLiveAnyMoreIsNotWaitedFor() {
        arrive(0, 1);
        this.live.remove(1);

        assertThat(numbers(this.copies.changed(this.live::contains))).containsExactly(1);
    }

    @Test
    void aWayThatIsLiveFromNowOnIsWaitedFor() {
        arrive(2, 1);
        this.live.add(2);
        arrive(0, 2);

        assertThat(arrive(1, 2)).containsExactly();
        assertThat(arrive(2, 2)).containsExactly(2);
    }

    @Test
    void whatWaitsForAWayThatIsSilentIsBounded() {
        for (int i = 1; i <= 100; i++) {
            arrive(0, i);
        }

        assertThat(arrive(1, 100)).hasSize(16).contains(100);
    }

    /** The two sides hear of a new master, or of the end of one, at different moments. */
    @Test
    void aWayThatOnlyOneSideKnowsIsNotWaitedFor() {
        this.live.add(2);
        assertThat(arrive(0, 1, 1, 0, 1)).isEmpty();
        assertThat(arrive(1, 1, 1, 0, 1)).containsExactly(1);
        this.live.remove(2);
        assertThat(arrive(0, 1, 2, 0, 1, 2)).isEmpty();
        assertThat(arrive(1, 1, 2, 0, 1, 2)).containsExactly(2);
    }

    @Test
    void nodesAreApart() {
        assertThat(arrive(0, 1, 1, 0, 1)).isEmpty();
        assertThat(arrive(1, 2, 1, 0, 1)).isEmpty();
        assertThat(arrive(1, 1, 1, 0, 1)).containsExactly(1);
    }
}
