package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.test.RealtimeTest;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;

/** An application on another backplane in production. */
@RealtimeTest(controllers = OtherRoom.class, properties = "realtime.backplane.type=kafka")
class SliceBackplaneTests {

    @Autowired
    BackplaneAdapter backplane;

    @Test
    void aSliceIsOnTheLocalBackplane() {
        assertThat(this.backplane).isInstanceOf(LocalBackplane.class);
    }
}
