package io.github.realtimespring.actuate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.GapReason;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.protocol.KeyedPublish;
import io.github.realtimespring.protocol.SessionListener;
import io.github.realtimespring.room.Recovery;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class RealtimeMetricsTests {

    private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
    private final RealtimeMetrics metrics = new RealtimeMetrics(this.registry, new RoomPatterns(() -> null));
    private final Connection connection = connection();
    private final Event event =
            Event.of(RoutingKey.room("project:42"), "message.created", Payload.NULL, DeliveryClass.STANDARD);

    private static Connection connection() {
        return new Connection(
                ConnectionId.random(),
                Identity.user("alice"),
                new SilentTransport(),
                QueueLimits.DEFAULTS,
                new JsonFrames(JsonMapper.builder().build()),
                ReplaySource.none(),
                ConnectionListener.none(),
                Ticker.SYSTEM);
    }

    private double count(String name, String... tags) {
        return this.registry.get(name).tags(tags).counter().count();
    }

    @Test
    void outcomesOfAPassAreCountedByClass() {
        this.metrics
                .started(this.event, FanoutListener.Origin.LOCAL)
                .finished(new FanoutReceipt(this.event.key(), 20, 20, 5, 1, 2, 3, 4, 5, 100, Duration.ofMillis(1), 1));
        assertThat(count("realtime.fanout.deliveries", "delivery", "standard", "outcome", "accepted"))
                .isEqualTo(1);
        assertThat(count("realtime.fanout.deliveries", "delivery", "standard", "outcome", "coalesced"))
                .isEqualTo(2);
        assertThat(count("realtime.fanout.deliveries", "delivery", "standard", "outcome", "dropped"))
                .isEqualTo(3);
        assertThat(count("realtime.fanout.deliveries", "delivery", "standard", "outcome", "closed"))
                .isEqualTo(4);
        assertThat(count("realtime.fanout.deliveries", "delivery", "standard", "outcome", "stale"))
                .isEqualTo(5);
        assertThat(this.registry.get("realtime.fanout.recipients").summary().totalAmount())
                .isEqualTo(15);
    }

    @Test
    void refusedAndOpenedConnectionsAreToldApart() {
        this.metrics.opened(this.connection);
        this.metrics.refused(this.connection, CloseReason.SUPERSEDED);
        assertThat(count("realtime.connections.opened", "outcome", "accepted", "reason", "none"))
                .isEqualTo(1);
        assertThat(count("realtime.connections.opened", "outcome", "refused", "reason", "4409"))
                .isEqualTo(1);
    }

    @Test
    void slowConsumersAreSeenByTheirCode() {
        this.metrics.closed(this.connection, CloseReason.SLOW_CONSUMER, ConnectionListener.Initiator.SERVER);
        this.metrics.overflowed(this.connection, OverflowPolicy.CLOSE, Delivery.CRITICAL);
        this.metrics.overflowed(this.connection, OverflowPolicy.CLOSE, null);
        assertThat(count("realtime.connections.closed", "code", "1013", "initiator", "server"))
                .isEqualTo(1);
        assertThat(count("realtime.queue.overflows", "policy", "close", "delivery", "critical"))
                .isEqualTo(1);
        assertThat(count("realtime.queue.overflows", "policy", "close", "delivery", "none"))
                .isEqualTo(1);
    }

    @Test
    void joinsWithACursorAreCountedByWhatBecameOfThem() {
        SessionListener.Call recovered = this.metrics.joining(this.connection, "project:{id}", true);
        recovered.resumed(Recovery.RECOVERED, 7);
        this.metrics.joining(this.connection, "project:{id}", true).resumed(Recovery.EXPIRED, 0);
        this.metrics.joining(this.connection, "project:{id}", true).resumed(Recovery.PARTIAL_REFUSED, 0);
        this.metrics.joining(this.connection, "project:{id}", false).finished(null);
        for (String outcome : List.of("recovered", "expired", "partial-refused")) {
            assertThat(count("realtime.resume", "outcome", outcome)).as(outcome).isEqualTo(1);
        }
        assertThat(this.registry.get("realtime.resume.replayed").summary().totalAmount())
                .isEqualTo(7);
    }

    @Test
    void codesOfAPeersOwnChoiceShareOneTag() {
        for (int code = 3000; code < 4400; code++) {
            this.metrics.closed(this.connection, new CloseReason(code, "", false), ConnectionListener.Initiator.CLIENT);
        }
        assertThat(this.registry.get("realtime.connections.closed").counters()).hasSize(1);
        assertThat(count("realtime.connections.closed", "code", "other")).isEqualTo(1400);
    }

    @Test
    void whatWasFlushedIsCountedByTransport() {
        this.metrics.flushed(this.connection, 3, 1000, TimeUnit.MILLISECONDS.toNanos(7));
        assertThat(count("realtime.fanout.bytes", "transport", "silent")).isEqualTo(1000);
        assertThat(this.registry
                        .get("realtime.queue.time")
                        .tag("transport", "silent")
                        .timer()
                        .totalTime(TimeUnit.MILLISECONDS))
                .isEqualTo(7);
    }

    @Test
    void lossLivenessAndErrorsAreCounted() {
        this.metrics.gapDeclared(this.connection, GapReason.OVERFLOW);
        this.metrics.heartbeat(this.connection, 1_000_000);
        this.metrics.heartbeatMissed(this.connection);
        this.metrics.cleaned(4);
        this.metrics.turn(1000);
        this.metrics.rateLimited(this.connection);
        this.metrics.failed(this.connection, ErrorCode.RATE_LIMITED);
        this.metrics.received(this.connection, "publish");
        this.metrics.keyed(KeyedPublish.AWAITED);
        assertThat(count("realtime.gaps", "reason", "overflow")).isEqualTo(1);
        assertThat(count("realtime.heartbeat.timeouts")).isEqualTo(1);
        assertThat(count("realtime.memberships.cleaned")).isEqualTo(4);
        assertThat(count("realtime.inbound.limited")).isEqualTo(1);
        assertThat(count("realtime.errors", "code", "rate-limited")).isEqualTo(1);
        assertThat(count("realtime.inbound.frames", "type", "publish")).isEqualTo(1);
        assertThat(this.registry.get("realtime.fanout.turn").timer().count()).isEqualTo(1);
        assertThat(this.registry.get("realtime.heartbeat.rtt").timer().count()).isEqualTo(1);
        assertThat(count("realtime.publishes.keyed", "outcome", "awaited")).isEqualTo(1);
    }

    @Test
    void totalsAreKeptWithoutARegistry() {
        RealtimeTotals totals = new RealtimeTotals();
        totals.opened(this.connection);
        totals.refused(this.connection, CloseReason.LIMIT);
        totals.closed(this.connection, CloseReason.LIMIT, ConnectionListener.Initiator.SERVER);
        totals.started(this.event, FanoutListener.Origin.LOCAL)
                .finished(new FanoutReceipt(this.event.key(), 15, 15, 0, 1, 2, 3, 4, 5, 100, Duration.ofMillis(1), 1));
        for (int code = 3000; code < 4000; code++) {
            totals.closed(this.connection, new CloseReason(code, "", false), ConnectionListener.Initiator.CLIENT);
        }
        assertThat(totals.opened()).isEqualTo(1);
        assertThat(totals.refused()).isEqualTo(1);
        assertThat(totals.events()).isEqualTo(1);
        assertThat(totals.outcomes())
                .containsEntry("accepted", 1L)
                .containsEntry("coalesced", 2L)
                .containsEntry("dropped", 3L)
                .containsEntry("closed", 4L)
                .containsEntry("stale", 5L);
        assertThat(totals.closed())
                .as("a peer may close with any code, but may not fill the map")
                .hasSizeLessThan(300)
                .containsEntry("4429", 1L)
                .containsKey("other");
        assertThat(totals.closed().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(1001);
    }

    private static final class SilentTransport implements ConnectionTransport {

        @Override
        public void wakeUp(SendQueue queue) {}

        @Override
        public void close(CloseReason reason) {}

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "silent";
        }
    }
}
