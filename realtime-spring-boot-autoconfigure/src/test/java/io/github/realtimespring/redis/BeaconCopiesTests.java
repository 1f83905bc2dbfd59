package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BeaconCopiesTests {

    private static final List<String> BOTH = List.of("aa", "bb");

    private final BeaconCopies copies = new BeaconCopies();

    private static byte[] copy(long node, long number, List<String> masters) {
        return BeaconCopies.copy(node, number, masters, new byte[] {(byte) node, (byte) number});
    }

    private List<Integer> arrived(String master, byte[] copy, List<String> known) {
        List<byte[]> whole = this.copies.arrived(master, copy, known);
        assertThat(whole).isNotNull();
        return whole.stream().map(beacon -> (int) beacon[1]).toList();
    }

    @Test
    void aBeaconHasComeWhenItCameThroughEveryMaster() {
        assertThat(arrived("aa", copy(1, 1, BOTH), BOTH)).isEmpty();
        assertThat(arrived("bb", copy(1, 1, BOTH), BOTH)).containsExactly(1);
        assertThat(arrived("bb", copy(1, 1, BOTH), BOTH)).isEmpty();
    }

    @Test
    void aLaterCopyIsAsGoodAsOneThatIsMissing() {
        assertThat(arrived("aa", copy(1, 1, BOTH), BOTH)).isEmpty();
        assertThat(arrived("aa", copy(1, 2, BOTH), BOTH)).isEmpty();
        assertThat(arrived("bb", copy(1, 2, BOTH), BOTH)).containsExactly(1, 2);
    }

    @Test
    void whileOneMasterBringsNothingNothingHasCome() {
        for (int number = 1; number < 100; number++) {
            assertThat(arrived("aa", copy(1, number, BOTH), BOTH)).isEmpty();
        }
        assertThat(arrived("bb", copy(1, 99, BOTH), BOTH))
                .hasSizeLessThanOrEqualTo(16)
                .endsWith(99);
    }

    /** The two sides hear of a new master, or of the end of one, at different moments. */
    @Test
    void aMasterThatOnlyOneSideKnowsIsNotWaitedFor() {
        List<String> three = List.of("aa", "bb", "cc");
        assertThat(arrived("aa", copy(1, 1, BOTH), three)).isEmpty();
        assertThat(arrived("bb", copy(1, 1, BOTH), three)).containsExactly(1);
        assertThat(arrived("aa", copy(1, 2, three), BOTH)).isEmpty();
        assertThat(arrived("bb", copy(1, 2, three), BOTH)).containsExactly(2);
    }

    @Test
    void nodesAreApart() {
        assertThat(arrived("aa", copy(1, 1, BOTH), BOTH)).isEmpty();
        assertThat(arrived("bb", copy(2, 1, BOTH), BOTH)).isEmpty();
        assertThat(arrived("bb", copy(1, 1, BOTH), BOTH)).containsExactly(1);
    }

    @Test
    void noBytesAreAFailure() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            this.copies.arrived("aa", bytes, BOTH);
        }
    }
}
