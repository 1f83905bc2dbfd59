package io.github.realtimespring.testing;

import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Looks at once, and then every ten milliseconds: what the tests wait for takes less than Awaitility's tenth of a second,
 * and they wait thousands of times. Registered for every class of this module, see {@code junit-platform.properties}.
 */
public final class QuickAwaits implements BeforeAllCallback {

    @Override
    public void beforeAll(ExtensionContext context) {
        Awaitility.setDefaultPollDelay(Duration.ZERO);
        Awaitility.setDefaultPollInterval(Duration.ofMillis(10));
    }
}
