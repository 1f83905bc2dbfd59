package io.github.realtimespring.actuate;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.protocol.Drain;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Health of backplane and drain (SPEC §14). Not meant for the readiness group: an outage of the backplane would take every
 * node out of service at once, and a drain changes readiness by itself.
 *
 * @since 0.1.0
 */
public final class RealtimeHealth {

    private RealtimeHealth() {}

    /** The two indicators as one contributor. */
    public static CompositeHealthContributor of(BackplaneAdapter backplane, Drain drain) {
        Map<String, HealthIndicator> indicators = new LinkedHashMap<>();
        indicators.put("backplane", () -> backplane(backplane));
        indicators.put("drain", () -> drain(drain));
        return CompositeHealthContributor.fromMap(indicators);
    }

    private static Health backplane(BackplaneAdapter backplane) {
        BackplaneStatus status = backplane.status();
        Health.Builder health = status.readable() && status.writable() ? Health.up() : Health.down();
        health.withDetail("type", backplane.name())
                .withDetail("readable", status.readable())
                .withDetail("writable", status.writable())
                .withDetail("since", status.since());
        String lastError = status.lastError();
        if (lastError != null) {
            health.withDetail("lastError", lastError);
        }
        return health.build();
    }

    private static Health drain(Drain drain) {
        Drain.State state = drain.state();
        Health.Builder health = state == Drain.State.RUNNING ? Health.up() : Health.outOfService();
        return health.withDetail("state", state.name().toLowerCase(Locale.ROOT))
                .withDetail("remaining", drain.remaining())
                .build();
    }
}
