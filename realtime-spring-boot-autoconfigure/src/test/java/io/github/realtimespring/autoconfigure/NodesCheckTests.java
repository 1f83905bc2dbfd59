package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class NodesCheckTests {

    private static final String WARNING = "realtime.nodes is 2, and the backplane is 'local'";

    private final ApplicationContextRunner one = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class))
            .withPropertyValues("spring.application.name=chat");

    private final ApplicationContextRunner several = this.one.withPropertyValues("realtime.nodes=2");

    @RealtimeEvent(name = "approved", delivery = Delivery.CRITICAL)
    record Approved(String by) {}

    @RoomController(value = "approvals:{id}", open = true)
    static class Approvals {

        @RoomEvent("approve")
        @Broadcast
        Approved approve() {
            return new Approved("alice");
        }
    }

    @Test
    void severalNodesOnABackplaneOfOneAreWarnedOf(CapturedOutput output) {
        this.several.run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(output).contains(WARNING);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"realtime.rooms.default-delivery", "realtime.events.[approved].delivery"})
    void criticalEventsOfPropertiesFailTheStart(String property) {
        this.several
                .withPropertyValues(property + "=critical")
                .run(context -> assertThat(context)
                        .getFailure()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("critical"));
    }

    @Test
    void criticalEventsOfHandlersFailTheStartWithAdvice() {
        this.several.withBean(Approvals.class).run(context -> {
            FailureAnalysis analysis = new RealtimeFailureAnalyzer().analyze(context.getStartupFailure());
            assertThat(analysis.getDescription())
                    .isEqualTo("realtime.nodes is 2, the backplane is 'local', which serves one node, and event"
                            + " 'approved' is of delivery class critical: members on other nodes would never get it.");
            assertThat(analysis.getAction())
                    .isEqualTo("Set realtime.backplane.type=redis or kafka, or realtime.nodes=1 if there is one node.");
        });
    }

    @Test
    void oneNodeMayHaveCriticalEventsAndSeveralMayOnABackplane(CapturedOutput output) {
        this.one.withBean(Approvals.class).run(context -> assertThat(context).hasNotFailed());
        this.several
                .withBean(Approvals.class)
                .withBean(Broker.class, () -> new StubBroker(SubscriptionMode.LAZY))
                .run(context -> assertThat(context).hasNotFailed());
        assertThat(output).doesNotContain(WARNING);
    }
}
