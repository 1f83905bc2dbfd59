package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class BeaconCopyTests {

    @Test
    void whatIsReadIsWhatWasSent() {
        byte[] beacon = {1, 2, 3};
        BeaconCopy copy = Objects.requireNonNull(BeaconCopy.read(BeaconCopy.of(7, 8, List.of("aa", "bb"), beacon)));

        assertThat(copy.node()).isEqualTo(7);
        assertThat(copy.number()).isEqualTo(8);
        assertThat(copy.through()).containsExactly(BeaconCopy.mark("aa"), BeaconCopy.mark("bb"));
        assertThat(copy.beacon()).isEqualTo(beacon);
    }

    @Test
    void noBytesAreAFailure() {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            byte[] bytes = new byte[random.nextInt(40)];
            random.nextBytes(bytes);
            BeaconCopy copy = BeaconCopy.read(bytes);
            if (copy != null) {
                assertThat(copy.through().length * 4 + copy.beacon().length).isLessThan(40);
            }
        }
    }
}
