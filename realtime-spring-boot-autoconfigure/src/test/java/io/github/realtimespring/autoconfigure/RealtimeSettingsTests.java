package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.fanout.RoomPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class RealtimeSettingsTests {

    private static RealtimeSettings settings(Map<String, String> properties) {
        return RealtimeSettings.of(new Binder(new MapConfigurationPropertySource(properties))
                .bindOrCreate("realtime", RealtimeProperties.class));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    realtime.base-path | realtime | must begin with a slash
                    realtime.base-path | / | must begin with a slash
                    realtime.base-path | /realtime/ | must not end with one
                    realtime.base-path | /{page} | only letters
                    realtime.node-id | a b | letters, digits
                    realtime.inbound.rate | 0 | at least 1
                    realtime.inbound.burst | -1 | at least 1
                    realtime.inbound.mailbox | 0 | at least 1
                    realtime.inbound.json-max-depth | 0 | at least 1
                    realtime.inbound.first-join-timeout | -1s | 0 means no limit
                    realtime.websocket.max-frame-size | 0B | at least 1B
                    realtime.websocket.max-frame-size | 4GB | less than 2GB
                    realtime.websocket.send-timeout | 0s | longer than zero
                    realtime.handler.timeout | 0s | longer than zero
                    realtime.heartbeat.interval | 0s | longer than zero
                    realtime.heartbeat.timeout | -1s | longer than zero
                    realtime.queue.max-bytes | 0B | at least 1B
                    realtime.queue.max-messages | 0 | at least 1
                    realtime.queue.max-age | 0s | longer than zero
                    realtime.queue.overflow | connection | one of close
                    realtime.queue.overflow | pause | one of close
                    realtime.fanout.chunk-size | 0 | at least 1
                    realtime.fanout.max-turn | 0ms | longer than zero
                    realtime.fanout.parallelism | 0 | at least 1
                    realtime.fanout.max-pending | 0 | at least 1
                    realtime.fanout.max-pending-per-room | 0 | at least 1
                    realtime.fanout.max-pending-bytes | 0B | at least 1B
                    realtime.fanout.tenant-weights.acme | 0 | at least 1
                    realtime.store.renewal | 0s | longer than zero
                    realtime.nodes | 0 | at least 1
                    realtime.store.lease | 19s | at least twice
                    realtime.store.buckets | 0 | 1 to
                    realtime.store.buckets | 16385 | 1 to
                    realtime.presence.debounce | -1s | must not be negative
                    realtime.presence.grace | -1s | must not be negative
                    realtime.presence.lease | 900ms | at least 1s
                    realtime.presence.max-listed | -1 | must not be negative
                    realtime.presence.max-data | 0B | at least 1B
                    realtime.connections.max | 0 | at least 1
                    realtime.connections.per-user | 0 | at least 1
                    realtime.connections.duplicate-policy | limit | realtime.connections.limit
                    realtime.connections.limit | 3 | realtime.connections.duplicate-policy=limit only
                    realtime.rooms.max-per-connection | 0 | at least 1
                    realtime.rooms.max-members | 0 | at least 1
                    realtime.rooms.policies[a:{b}].share | 1.5 | between 0 and 1
                    realtime.rooms.policies[a:{b}].window | 0s | longer than zero
                    realtime.delivery.recoverable.overflow | drop-newest | use pause or close
                    realtime.delivery.recoverable.order | local-first | use backplane-only
                    realtime.delivery.recoverable.order | publish-first | use backplane-only
                    realtime.delivery.critical.overflow | coalesce | use pause or close
                    realtime.delivery.standard.overflow | pause | use drop-newest
                    realtime.delivery.standard.on-not-readable | record | use deliver-locally
                    realtime.delivery.ephemeral.publish-timeout | 0s | must be positive
                    realtime.backplane.publish-timeout | 0s | longer than zero
                    realtime.backplane.beacon | 10ms | at least 50ms
                    realtime.backplane.kafka.topic | two words | 1 to 249 letters
                    realtime.backplane.kafka.partitions | 0 | at least 1
                    realtime.backplane.dedupe.size | 0 | at least 1
                    realtime.backplane.dedupe.ttl | 0s | longer than zero
                    realtime.history.ttl | 0s | longer than zero
                    realtime.history.size | 0 | at least 1
                    realtime.history.max-room-bytes | 0B | at least 1B
                    realtime.history.max-rooms | 0 | at least 1
                    realtime.history.max-bytes | 1KB | realtime.history.max-room-bytes
                    realtime.history.recovery-limit | -1 | not be negative
                    realtime.session.window | 0s | longer than zero
                    realtime.drain.timeout | 0s | longer than zero
                    realtime.drain.spread | -1s | not be negative
                    realtime.drain.spread | 1m | realtime.drain.timeout
                    """)
    void valueThatCannotBeStopsTheStartWithAdvice(String name, String value, String advice) {
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
                .isThrownBy(() -> settings(Map.of(name, value)))
                .satisfies(failure -> {
                    assertThat(failure.getName()).isEqualTo(name);
                    assertThat(failure.getReason()).contains(advice);
                });
    }

    @Test
    void nodeIdIsRandomUnlessSet() {
        assertThat(settings(Map.of()).nodeId())
                .matches("[0-9a-f]{8}")
                .isNotEqualTo(settings(Map.of()).nodeId());
        assertThat(settings(Map.of("realtime.node-id", "n1")).nodeId()).isEqualTo("n1");
    }

    @Test
    void policiesAreKeyedByTheirPattern() {
        Map<String, RoomPolicy> policies = settings(Map.of(
                        "realtime.rooms.policies[project:{projectId}].share", "0.5",
                        "realtime.rooms.policies[project:{projectId}].action", "refuse-sends"))
                .policies();
        assertThat(policies)
                .containsEntry(
                        "project:{projectId}",
                        new RoomPolicy(0.5, Duration.ofSeconds(10), RoomPolicy.Action.REFUSE_SENDS));
    }

    @Test
    void policyOfAPatternThatNobodyHasIsRefused() {
        RealtimeSettings settings = settings(Map.of("realtime.rooms.policies[project:{id}].share", "0.5"));
        settings.checkPatterns(List.of("project:{id}"));
        assertThatExceptionOfType(InvalidConfigurationPropertyValueException.class)
                .isThrownBy(() -> settings.checkPatterns(List.of("project:{projectId}")))
                .satisfies(failure -> assertThat(failure.getReason()).contains("project:{projectId}"));
    }

    @ParameterizedTest
    @CsvSource({"1048576,1MB", "2097152,2MB", "65536,64KB", "1000,1000B"})
    void sizesAreShownInTheirLargestWholeUnit(long bytes, String shown) {
        assertThat(StartupLine.size(bytes)).isEqualTo(shown);
    }
}
