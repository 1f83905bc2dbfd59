package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.Event;
import io.github.realtimespring.OverflowPolicy;
import io.github.realtimespring.Payload;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.connection.ConnectionWarnings;
import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.MembershipCutoff;
import io.github.realtimespring.handler.BroadcastToListener;
import io.github.realtimespring.handler.EventTypes;
import io.github.realtimespring.handler.HandlerSettings;
import io.github.realtimespring.handler.RealtimeEngine;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.History;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceSettings;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.ProtocolSettings;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.task.SimpleAsyncTaskExecutor;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.scheduling.concurrent.ThreadPoolTaskExecutor;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

class RealtimeAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeAutoConfiguration.class,
                    RealtimeSecurityAutoConfiguration.class,
                    RealtimeWebMvcAutoConfiguration.class,
                    RealtimeMetricsAutoConfiguration.class,
                    RealtimeEndpointAutoConfiguration.class,
                    RealtimeHealthAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class));

    private static final AnnotationConfigApplicationContext defaults = new AnnotationConfigApplicationContext(
            RealtimeAutoConfiguration.class, JacksonAutoConfiguration.class, TaskExecutionAutoConfiguration.class);

    @AfterAll
    static void close() {
        defaults.close();
    }

    /** The default of one context stands in for the application's own bean in another one. */
    @ParameterizedTest
    @ValueSource(
            classes = {
                QueueLimits.class,
                FanoutSettings.class,
                DuplicatePolicy.class,
                RoomRegistry.class,
                ConnectionRegistry.class,
                History.class,
                BackplaneAdapter.class,
                RoomService.class,
                PresenceStore.class,
                PresenceSettings.class,
                PresenceService.class,
                JsonFrames.class,
                EventEncoder.class,
                LocalFanout.class,
                FanoutService.class,
                ConnectionWarnings.class,
                Liveness.class,
                EventTypes.class,
                HandlerSettings.class,
                RealtimeEngine.class,
                RealtimeTemplate.class,
                RoomHandlers.class,
                BroadcastToListener.class,
                ProtocolSettings.class,
                ProtocolSessions.class,
                Drain.class
            })
    <T> void beanGivesWayToOneOfTheApplication(Class<T> type) {
        T own = defaults.getBean(type);
        this.runner.withBean("own", type, () -> own).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(type)).isSameAs(own);
        });
    }

    @Test
    void encoderOfTheApplicationEncodesEvents() {
        this.runner.withBean(EventEncoder.class, OwnEncoder::new).run(context -> {
            assertThat(context).hasNotFailed();
            assertThat(context.getBean(RealtimeEngine.class).encoder()).isInstanceOf(OwnEncoder.class);
            assertThat(context).hasSingleBean(JsonFrames.class);
        });
    }

    @Test
    void tenantResolverMakesTheTemplateAskForATenant() {
        this.runner.run(
                context -> assertThat(context.getBean(RealtimeTemplate.class).room("lobby"))
                        .isNotNull());
        this.runner
                .withBean(TenantResolver.class, () -> request -> "acme")
                .run(context -> assertThat(org.assertj.core.api.Assertions.catchThrowable(
                                () -> context.getBean(RealtimeTemplate.class)
                                        .room("lobby")
                                        .send("note", Map.of())))
                        .isInstanceOf(IllegalStateException.class));
    }

    @Test
    void theTimeOfDayIsThatOfTheApplicationsClock() {
        Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
        this.runner.withBean("own", Clock.class, () -> clock).run(context -> {
            assertThat(context.getBean(InstantSource.class)).isSameAs(clock);
            assertThat(idOfAnEvent(context)).startsWith("0000000000");
        });
    }

    @Test
    void ofSeveralClocksTheSystemsIsTaken() {
        Clock clock = Clock.fixed(Instant.EPOCH, ZoneOffset.UTC);
        this.runner
                .withBean("one", Clock.class, () -> clock)
                .withBean("another", Clock.class, () -> clock)
                .run(context -> assertThat(idOfAnEvent(context)).doesNotStartWith("0000000000"));
    }

    private static String idOfAnEvent(ApplicationContext context) {
        return context.getBean(RealtimeTemplate.class)
                .room("lobby")
                .send("note", Map.of())
                .eventId();
    }

    @Test
    void nothingButTheCoreIsThereWithoutAWebApplication() {
        this.runner.run(context -> {
            assertThat(context).hasSingleBean(RealtimeTemplate.class).hasSingleBean(ProtocolSessions.class);
            assertThat(context.getBeanDefinitionNames())
                    .noneMatch(name -> name.contains("WebSocket") || name.contains("Endpoint"))
                    .noneMatch(name -> name.contains("Health") || name.contains("HandlerMapping"));
            assertThat(context.getBean(StartupLine.class))
                    .hasToString(
                            "Realtime ready: no transport · backplane local readable,writable · 0 rooms, 0 handlers · node "
                                    + context.getBean(RealtimeSettings.class).nodeId() + " · queue 1MB close");
        });
    }

    @Test
    void nothingIsThereWhenDisabled() {
        this.runner
                .withPropertyValues("realtime.enabled=false")
                .run(context -> assertThat(context)
                        .doesNotHaveBean(RoomRegistry.class)
                        .doesNotHaveBean(RealtimeProperties.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "org.springframework.boot.actuate",
                "org.springframework.boot.health",
                "io.micrometer.core",
                "org.springframework.security",
                "jakarta.validation",
                "jakarta.websocket",
                "org.springframework.web",
                "org.springframework.transaction",
                "reactor"
            })
    void startsWithoutAnOptionalLibrary(String absent) {
        this.runner
                .withClassLoader(new FilteredClassLoader(absent))
                .run(context -> assertThat(context).hasNotFailed().hasSingleBean(RealtimeTemplate.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"tools.jackson", "org.springframework.messaging"})
    void standsBackWithoutALibraryItNeeds(String absent) {
        this.runner
                .withClassLoader(new FilteredClassLoader(absent))
                .run(context -> assertThat(context).hasNotFailed().doesNotHaveBean(RoomRegistry.class));
    }

    @Test
    void customizersOfTheEngineAreCalledInTheirOrder() {
        this.runner
                .withBean(
                        "one",
                        FanoutSettingsCustomizer.class,
                        () -> settings -> settings.withCutoff(MembershipCutoff.SNAPSHOT))
                .run(context -> assertThat(context.getBean(FanoutSettings.class).cutoff())
                        .isEqualTo(MembershipCutoff.SNAPSHOT));
    }

    @Test
    void customizersOfTheQueueAreCalledInTheirOrder() {
        this.runner
                .withBean("first", QueueLimitsCustomizer.class, () -> new Doubling(1))
                .withBean("second", QueueLimitsCustomizer.class, () -> new Doubling(2))
                .withPropertyValues("realtime.queue.max-messages=10")
                .run(context -> assertThat(
                                context.getBean(ProtocolSettings.class).queue().maxMessages())
                        .isEqualTo((10 + 1) * 10 + 2));
    }

    @Test
    void customizersOfPayloadsLeaveTheApplicationsMapperAlone() {
        this.runner
                .withBean(
                        RealtimeJsonMapperCustomizer.class,
                        () -> builder -> builder.propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE))
                .run(context -> {
                    record Named(int projectId) {}
                    Payload payload = context.getBean(JsonFrames.class).payload(new Named(7));
                    assertThat(new String(payload.bytes())).isEqualTo("{\"project_id\":7}");
                    assertThat(context.getBean(JsonMapper.class).writeValueAsString(new Named(7)))
                            .isEqualTo("{\"projectId\":7}");
                });
    }

    @Test
    void argumentResolversOfTheApplicationAreHandedOn() {
        HandlerMethodArgumentResolver resolver = org.mockito.Mockito.mock(HandlerMethodArgumentResolver.class);
        this.runner
                .withBean(HandlerMethodArgumentResolver.class, () -> resolver)
                .run(context -> assertThat(
                                context.getBean(HandlerSettings.class).resolvers())
                        .containsExactly(resolver));
    }

    @Test
    void handlersRunOnTheApplicationsTaskExecutor() {
        this.runner.run(context ->
                assertThat(threadName(context.getBean(HandlerThreads.class))).startsWith("task-"));
    }

    @Test
    void handlersRunOnAPoolWhereTheApplicationHasNoTaskExecutor() {
        this.runner
                .withBean("other", Executor.class, () -> Runnable::run)
                .run(context -> assertThat(threadName(context.getBean(HandlerThreads.class)))
                        .startsWith("realtime-handler-"));
    }

    @Test
    void taskExecutorOfTheApplicationDoesNotBackOff() {
        this.runner.run(context -> assertThat(context).hasSingleBean(ThreadPoolTaskExecutor.class));
    }

    @Test
    @org.junit.jupiter.api.condition.EnabledForJreRange(min = org.junit.jupiter.api.condition.JRE.JAVA_21)
    void handlersRunOnVirtualThreadsWhenEnabled() {
        this.runner.withPropertyValues("spring.threads.virtual.enabled=true").run(context -> {
            assertThat(context).hasSingleBean(SimpleAsyncTaskExecutor.class);
            assertThat(threadName(context.getBean(HandlerThreads.class))).startsWith("task-");
        });
    }

    @Test
    void propertiesReachTheEngine() {
        this.runner
                .withPropertyValues(
                        "realtime.queue.max-bytes=2MB",
                        "realtime.queue.overflow=drop-oldest",
                        "realtime.websocket.send-timeout=3s",
                        "realtime.fanout.tenant-weights.acme=3",
                        "realtime.connections.duplicate-policy=newest-wins",
                        "realtime.connections.per-device=true",
                        "realtime.rooms.default-delivery=critical",
                        "realtime.events.[message.created].delivery=recoverable",
                        "realtime.delivery.recoverable.overflow=close",
                        "realtime.history.size=7",
                        "realtime.backplane.publish-timeout=5s",
                        "realtime.delivery.critical.publish-timeout=7s",
                        "realtime.inbound.rate=7")
                .run(context -> {
                    QueueLimits limits = context.getBean(QueueLimits.class);
                    assertThat(limits.maxBytes()).isEqualTo(2 << 20);
                    assertThat(limits.overflow()).isEqualTo(OverflowPolicy.DROP_OLDEST);
                    assertThat(limits.sendTimeout()).isEqualTo(Duration.ofSeconds(3));
                    FanoutSettings fanout = context.getBean(FanoutSettings.class);
                    assertThat(fanout.tenantWeight().applyAsInt("acme")).isEqualTo(3);
                    assertThat(fanout.tenantWeight().applyAsInt(null)).isOne();
                    assertThat(context.getBean(DuplicatePolicy.class))
                            .isEqualTo(DuplicatePolicy.NEWEST_WINS.onSameDevice());
                    EventTypes types = context.getBean(EventTypes.class);
                    assertThat(types.resolve("anything", Object.class)
                                    .delivery()
                                    .name())
                            .isEqualTo(Delivery.CRITICAL);
                    assertThat(types.resolve("anything", Object.class)
                                    .delivery()
                                    .publishTimeout())
                            .isEqualTo(Duration.ofSeconds(7));
                    assertThat(types.resolve("message.created", Object.class)
                                    .delivery()
                                    .overflow())
                            .isEqualTo(OverflowPolicy.CLOSE);
                    assertThat(types.resolve("message.created", Object.class)
                                    .delivery()
                                    .publishTimeout())
                            .isEqualTo(Duration.ofSeconds(5));
                    assertThat(context.getBean(ProtocolSettings.class).inboundRate())
                            .isEqualTo(7);
                });
    }

    @Test
    void defaultsAreThoseOfTheEngine() {
        this.runner.run(context -> {
            assertThat(context.getBean(QueueLimits.class)).isEqualTo(QueueLimits.DEFAULTS);
            assertThat(context.getBean(ProtocolSettings.class)).isEqualTo(ProtocolSettings.DEFAULTS);
            FanoutSettings fanout = context.getBean(FanoutSettings.class);
            FanoutSettings defaults = FanoutSettings.DEFAULTS;
            assertThat(fanout)
                    .usingRecursiveComparison()
                    .ignoringFields("tenantWeight")
                    .isEqualTo(defaults);
            assertThat(context.getBean(DuplicatePolicy.class)).isEqualTo(DuplicatePolicy.ALLOW);
        });
    }

    private static String threadName(HandlerThreads threads) {
        java.util.concurrent.CompletableFuture<String> name = new java.util.concurrent.CompletableFuture<>();
        threads.executor().execute(() -> name.complete(Thread.currentThread().getName()));
        return name.join();
    }

    private record Doubling(int order) implements QueueLimitsCustomizer, org.springframework.core.Ordered {

        @Override
        public QueueLimits customize(QueueLimits limits) {
            int messages = this.order == 1 ? (limits.maxMessages() + 1) * 10 : limits.maxMessages() + 2;
            return new QueueLimits(
                    limits.maxBytes(),
                    messages,
                    limits.maxAge(),
                    limits.sendTimeout(),
                    limits.reserveBytes(),
                    limits.overflow());
        }

        @Override
        public int getOrder() {
            return this.order;
        }
    }

    private static final class OwnEncoder implements EventEncoder {

        @Override
        public byte[] encode(Event event, WireFormat format) {
            return new byte[0];
        }

        @Override
        public Payload payload(Object data) {
            return Payload.NULL;
        }

        @Override
        public Object data(Payload payload) {
            return Map.of();
        }
    }
}
