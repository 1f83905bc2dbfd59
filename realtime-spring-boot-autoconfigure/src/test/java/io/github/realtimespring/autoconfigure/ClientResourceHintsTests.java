package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.springframework.aot.hint.RuntimeHints;
import org.springframework.aot.hint.predicate.RuntimeHintsPredicates;

class ClientResourceHintsTests {

    @Test
    void scriptOfTheClientIsKeptInANativeImage() {
        RuntimeHints hints = new RuntimeHints();
        new ClientResourceHints().registerHints(hints, getClass().getClassLoader());
        String script = "META-INF/realtime/client/realtime.js";
        assertThat(getClass().getClassLoader().getResource(script)).isNotNull();
        assertThat(RuntimeHintsPredicates.resource().forResource(script)).accepts(hints);
    }
}
