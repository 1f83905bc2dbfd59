package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.actuate.RealtimeObservations;
import io.github.realtimespring.actuate.RealtimeObserver;
import io.github.realtimespring.actuate.RealtimeTimers;
import io.github.realtimespring.actuate.RoomPatterns;
import io.github.realtimespring.fanout.FanoutService;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.observation.GlobalObservationConvention;
import io.micrometer.observation.Observation;
import io.micrometer.observation.ObservationFilter;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationPredicate;
import io.micrometer.observation.ObservationRegistry;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.MetricsAutoConfiguration;
import org.springframework.boot.micrometer.metrics.autoconfigure.export.simple.SimpleMetricsExportAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration;
import org.springframework.boot.micrometer.observation.autoconfigure.ObservationRegistryCustomizer;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Timers are made without observations where nobody else would hear of these, and with them in every other case. */
class ObservationInterestTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeAutoConfiguration.class,
                    RealtimeMetricsAutoConfiguration.class,
                    MetricsAutoConfiguration.class,
                    CompositeMeterRegistryAutoConfiguration.class,
                    SimpleMetricsExportAutoConfiguration.class,
                    ObservationAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class));

    @Test
    void anApplicationWithMetersOnlyHasTimersAndNoObservations() {
        this.runner.run(context -> assertThat(context).hasSingleBean(RealtimeTimers.class));
        this.runner
                .withPropertyValues("management.observations.long-task-timer.enabled=false")
                .run(context -> assertThat(context).hasSingleBean(RealtimeTimers.class));
    }

    @Test
    void whoeverHearsOfObservationsGetsThem() {
        observes(this.runner.withBean("spans", ObservationHandler.class, () -> context -> true));
    }

    @Test
    void whoeverChangesObservationsGetsThem() {
        observes(this.runner.withBean(ObservationFilter.class, () -> context -> context));
        observes(this.runner.withBean(ObservationPredicate.class, () -> (name, context) -> true));
        observes(this.runner.withBean(Convention.class));
        observes(this.runner.withBean(ObservationRegistryCustomizer.class, () -> registry -> {}));
        observes(this.runner.withPropertyValues("management.observations.key-values.region=north"));
        observes(this.runner.withPropertyValues("management.observations.enable.realtime=false"));
    }

    @Test
    void anApplicationsOwnRegistryMayHaveHandlersThatAreNoBeans() {
        observes(this.runner.withBean("own", ObservationRegistry.class, ObservationRegistry::create));
    }

    @Test
    void anApplicationThatDeclaresObservationsHasThem() {
        observes(this.runner.withBean(
                RealtimeObservations.class,
                () -> new RealtimeObservations(ObservationRegistry.create(), new RoomPatterns(() -> null), "local")));
    }

    @Test
    void withoutMetersThereAreObservations() {
        observes(new ApplicationContextRunner()
                .withConfiguration(AutoConfigurations.of(
                        RealtimeAutoConfiguration.class,
                        RealtimeMetricsAutoConfiguration.class,
                        ObservationAutoConfiguration.class,
                        JacksonAutoConfiguration.class,
                        TaskExecutionAutoConfiguration.class)));
    }

    @Test
    void theTimersOfBothHaveTheSameTags() {
        assertThat(tagsOfAPass(this.runner))
                .isEqualTo(tagsOfAPass(this.runner.withBean("spans", ObservationHandler.class, () -> context -> false)))
                .contains(Tag.of("error", "none"), Tag.of("origin", "local"));
    }

    private static List<Tag> tagsOfAPass(ApplicationContextRunner runner) {
        Seen seen = new Seen();
        runner.run(context -> {
            RoutingKey room = RoutingKey.room("project:42");
            Event event = Event.of(room, "hello", Payload.ofJson("{}"), DeliveryClass.STANDARD);
            context.getBean(FanoutService.class)
                    .publish(event)
                    .receipt()
                    .toCompletableFuture()
                    .join();
            seen.tags = context.getBean(MeterRegistry.class)
                    .get("realtime.fanout")
                    .timer()
                    .getId()
                    .getTags();
        });
        return seen.tags;
    }

    private static final class Seen {
        private List<Tag> tags = List.of();
    }

    private static void observes(ApplicationContextRunner runner) {
        runner.run(context -> assertThat(context)
                .hasNotFailed()
                .hasSingleBean(RealtimeObserver.class)
                .hasSingleBean(RealtimeObservations.class));
    }

    static final class Convention implements GlobalObservationConvention<Observation.Context> {

        @Override
        public boolean supportsContext(Observation.Context context) {
            return false;
        }
    }
}
