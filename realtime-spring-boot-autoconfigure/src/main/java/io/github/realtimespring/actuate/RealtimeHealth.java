package io.github.realtimespring.actuate;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.protocol.ConnectionCapacity;
import io.github.realtimespring.protocol.Drain;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.springframework.boot.health.contributor.CompositeHealthContributor;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/**
 * Health of backplane, drain and limits of connections (SPEC §12, §14). Not meant for the readiness group: an outage of the
 * backplane would take every node out of service at once, and a drain changes readiness by itself.
 *
 * @since 0.1.0
 */
public final class RealtimeHealth {

    private RealtimeHealth() {}

    /** The indicators as one contributor. */
    public static CompositeHealthContributor of(BackplaneAdapter backplane, Drain drain, ConnectionCapacity capacity) {
        Map<String, HealthIndicator> indicators = new LinkedHashMap<>();
        indicators.put("backplane", () -> backplane(backplane));
        indicators.put("drain", () -> drain(drain));
        indicators.put("connections", () -> connections(capacity));
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

    /** Always up: a limit that is too low does no harm yet. */
    private static Health connections(ConnectionCapacity capacity) {
        Health.Builder health = Health.up();
        if (capacity.max() != Integer.MAX_VALUE) {
            health.withDetail("max", capacity.max());
        }
        if (capacity.files() > 0) {
            health.withDetail("files", capacity.files());
        }
        if (capacity.server() > 0) {
            health.withDetail("server", capacity.server());
        }
        List<String> warnings = capacity.warnings();
        return (warnings.isEmpty() ? health : health.withDetail("warnings", warnings)).build();
    }

    private static Health drain(Drain drain) {
        Drain.State state = drain.state();
        Health.Builder health = state == Drain.State.RUNNING ? Health.up() : Health.outOfService();
        return health.withDetail("state", state.name().toLowerCase(Locale.ROOT))
                .withDetail("remaining", drain.remaining())
                .build();
    }
}
