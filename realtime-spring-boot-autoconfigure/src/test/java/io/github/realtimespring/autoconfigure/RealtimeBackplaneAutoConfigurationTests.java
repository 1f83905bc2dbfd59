package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.backplane.PayloadCheck;
import io.github.realtimespring.backplane.Received;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.protocol.DrainListener;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.ProtocolSessions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;

/** Which backplane an application gets, and what it is told when it cannot have one. */
class RealtimeBackplaneAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeRedisAutoConfiguration.class,
                    RealtimeKafkaAutoConfiguration.class,
                    RealtimeAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class));

    private final StubBroker broker = new StubBroker(SubscriptionMode.LAZY);

    private final ApplicationContextRunner shared =
            this.runner.withBean(Broker.class, () -> this.broker).withPropertyValues("spring.application.name=chat");

    @Test
    void withoutABrokerOneNodeIsServedFromMemory() {
        this.runner.run(context -> {
            assertThat(context.getBean(BackplaneAdapter.class)).isInstanceOf(LocalBackplane.class);
            assertThat(context.getBean(History.class)).isInstanceOf(MemoryStreams.class);
            assertThat(context)
                    .doesNotHaveBean(BackplaneSettings.class)
                    .doesNotHaveBean(BrokerBackplane.Application.class)
                    .doesNotHaveBean(BackplaneLifecycle.class);
        });
    }

    @Test
    void ofABrokerTheBackplaneAndTheHistoryAreMade() {
        this.shared.run(context -> {
            BackplaneAdapter backplane = context.getBean(BackplaneAdapter.class);
            assertThat(backplane).isInstanceOf(BrokerBackplane.class);
            assertThat(backplane.name()).isEqualTo("stub");
            assertThat(context.getBean(History.class)).isSameAs(((BrokerBackplane) backplane).history());
            assertThat(context).doesNotHaveBean(MemoryStreams.class);
        });
    }

    @Test
    void backplaneIsClosedWithTheContextAndBeforeWhatItUses() {
        List<String> stopped = new CopyOnWriteArrayList<>();
        this.shared
                .withBean(
                        Connections.class, () -> new Connections(() -> stopped.add("closed " + this.broker.isClosed())))
                .run(context -> {
                    assertThat(this.broker.isClosed()).isFalse();
                    context.getSourceApplicationContext().close();
                    assertThat(stopped).containsExactly("closed true");
                });
    }

    /** A drain is turned off here, or its time was over: nobody is held whom nothing reaches any more. */
    @Test
    void whoeverIsStillConnectedGoesBeforeTheBackplaneIsClosed() {
        List<String> ends = new CopyOnWriteArrayList<>();
        this.shared
                .withPropertyValues("realtime.drain.on-shutdown=false")
                .withBean(ConnectionListener.class, () ->
                        (ConnectionEnd) reason -> ends.add(reason.code() + " closed " + this.broker.isClosed()))
                .withBean(
                        DrainListener.class,
                        () -> (step, remaining) -> ends.add(step + " closed " + this.broker.isClosed()))
                .run(context -> {
                    context.getBean(ProtocolSessions.class).open(Handshake.anonymous(), new NoTransport());
                    context.getSourceApplicationContext().close();
                    assertThat(ends).containsExactly("1012 closed false", "DETACHED closed true");
                });
    }

    @FunctionalInterface
    private interface ConnectionEnd extends ConnectionListener {

        void ended(CloseReason reason);

        @Override
        default void closed(Connection connection, CloseReason reason, Initiator initiator) {
            ended(reason);
        }
    }

    private static final class NoTransport implements ConnectionTransport {

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
            return "none";
        }
    }

    /** Stops where connections of Redis do. */
    record Connections(Runnable stopping) implements org.springframework.context.SmartLifecycle {

        @Override
        public void start() {}

        @Override
        public void stop() {
            this.stopping.run();
        }

        @Override
        public boolean isRunning() {
            return true;
        }

        @Override
        public int getPhase() {
            return 0;
        }
    }

    @Test
    void backplaneOfAContextThatIsOnlyStoppedGoesOn() {
        this.shared.run(context -> {
            context.getSourceApplicationContext().stop();
            assertThat(this.broker.isClosed()).isFalse();
        });
    }

    @Test
    void backplaneOfTheApplicationIsUsedAlthoughThereIsABroker() {
        LocalBackplane own = new LocalBackplane(new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM));
        this.shared.withBean(BackplaneAdapter.class, () -> own).run(context -> {
            assertThat(context.getBean(BackplaneAdapter.class)).isSameAs(own);
            assertThat(context.getBean(History.class)).isInstanceOf(MemoryStreams.class);
        });
    }

    @Test
    void historyOfTheApplicationIsUsedInPlaceOfTheBrokers() {
        MemoryStreams own = new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM);
        this.shared
                .withBean(History.class, () -> own)
                .withPropertyValues("realtime.history.store=memory")
                .run(context -> assertThat(context.getBean(History.class)).isSameAs(own));
    }

    @ParameterizedTest
    @ValueSource(classes = {BackplaneSettings.class, PayloadCheck.class, BrokerBackplane.Application.class})
    <T> void whatABrokersBackplaneIsMadeWithGivesWayToTheApplications(Class<T> type) {
        this.shared.run(defaults -> {
            T own = defaults.getBean(type);
            this.shared
                    .withBean("own", type, () -> own)
                    .run(context -> assertThat(context.getBean(type)).isSameAs(own));
        });
    }

    @Test
    void propertiesReachTheBackplane() {
        this.shared
                .withPropertyValues(
                        "realtime.backplane.app=other",
                        "realtime.backplane.beacon=250ms",
                        "realtime.backplane.signing-secret=correct horse battery",
                        "realtime.delivery.standard.order=backplane-only")
                .run(context -> {
                    assertThat(context.getBean(BackplaneSettings.class).beacon())
                            .isEqualTo(Duration.ofMillis(250));
                    BrokerBackplane.Application application = context.getBean(BrokerBackplane.Application.class);
                    assertThat(application.name()).isEqualTo("other");
                    assertThat(application.secret()).asString().isEqualTo("correct horse battery");
                    assertThat(application.classes().apply(Delivery.STANDARD).order())
                            .isEqualTo(io.github.realtimespring.PublishOrder.BACKPLANE_ONLY);
                });
    }

    @Test
    void applicationIsNamedAsSpringNamesIt() {
        this.shared.run(context -> {
            BrokerBackplane.Application application = context.getBean(BrokerBackplane.Application.class);
            assertThat(application.name()).isEqualTo("chat");
            assertThat(application.secret()).isNull();
        });
    }

    @Test
    void ownEventThatComesBackIsRecognised() {
        List<Received> results = new CopyOnWriteArrayList<>();
        this.shared
                .withBean(BackplaneObserver.class, () -> new BackplaneObserver() {
                    @Override
                    public void received(Received result) {
                        results.add(result);
                    }
                })
                .run(context -> {
                    context.getBean(FanoutService.class).publish(event());
                    assertThat(results).containsExactly(Received.SELF);
                });
    }

    private static Event event() {
        return Event.of(RoutingKey.room("lobby"), "note", Payload.NULL, DeliveryClass.of(Delivery.STANDARD));
    }

    @ParameterizedTest
    @EnumSource(SubscriptionMode.class)
    void subscriptionThatTheBrokerHasIsTaken(SubscriptionMode mode) {
        this.runner
                .withBean(Broker.class, () -> new StubBroker(mode))
                .withPropertyValues(
                        "spring.application.name=chat", "realtime.backplane.subscription=" + mode.wireName())
                .run(context -> assertThat(
                                context.getBean(BrokerBackplane.class).mode())
                        .isEqualTo(mode));
    }

    @Test
    void subscriptionThatTheBrokerDoesNotHaveFailsTheStart() {
        this.shared
                .withPropertyValues("realtime.backplane.subscription=sharded")
                .run(context -> assertReport(
                        context,
                        "realtime.backplane.subscription is 'sharded', which the backplane 'stub' cannot do.",
                        "Use 'lazy', or remove the property."));
    }

    @Test
    void historyInMemoryBesideABrokerFailsTheStart() {
        this.shared
                .withPropertyValues("realtime.history.store=memory")
                .run(
                        context -> assertReport(
                                context,
                                "realtime.history.store is 'memory', and the backplane 'stub' joins several nodes: no node could"
                                        + " resume what a client began on another one, and each poll may reach another node.",
                                "Remove realtime.history.store, so that streams are kept by the backplane; where clients always"
                                        + " return to the node that they were on, polls included, define a bean of type History."));
    }

    @Test
    void historyInMemoryBesideABrokerFailsTheStartWithoutPollsToo() {
        this.shared
                .withPropertyValues("realtime.history.store=memory", "realtime.transports.long-poll.enabled=false")
                .run(context -> assertThat(analysis(context).getDescription()).endsWith("on another one."));
    }

    @Test
    void applicationWithoutANameCannotShareABroker() {
        this.runner
                .withBean(Broker.class, () -> this.broker)
                .run(context -> assertReport(
                        context,
                        "The backplane may carry the events of several applications, and this one has no name.",
                        "Set spring.application.name, or realtime.backplane.app; all nodes of an application have the"
                                + " same."));
    }

    @Test
    void nameThatCannotBePartOfAChannelFailsTheStart() {
        this.shared
                .withPropertyValues("spring.application.name=my chat*")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .hasMessageContaining("spring.application.name")
                        .hasMessageContaining("my chat*"));
    }

    @Test
    void shortSecretFailsTheStartAndIsNotShown() {
        this.shared
                .withPropertyValues("realtime.backplane.signing-secret=hunter2")
                .run(context -> {
                    assertReport(
                            context,
                            "The value of realtime.backplane.signing-secret is short enough to be guessed.",
                            "Use at least 16 characters at random, the same on all nodes.");
                    for (Throwable cause = context.getStartupFailure(); cause != null; cause = cause.getCause()) {
                        assertThat(cause.toString()).doesNotContain("hunter2");
                    }
                });
    }

    @Test
    void redisWithoutSpringDataRedisFailsTheStart() {
        this.runner
                .withClassLoader(new FilteredClassLoader("org.springframework.data.redis"))
                .withPropertyValues("spring.application.name=chat", "realtime.backplane.type=redis")
                .run(context -> assertReport(
                        context,
                        "realtime.backplane.type is 'redis', and Spring Data Redis is not on the class path.",
                        "Add the dependency org.springframework.boot:spring-boot-starter-data-redis, or set"
                                + " realtime.backplane.type=local, which serves one node."));
    }

    @Test
    void kafkaWithoutSpringKafkaFailsTheStart() {
        this.runner
                .withClassLoader(new FilteredClassLoader("org.springframework.kafka"))
                .withPropertyValues("spring.application.name=chat", "realtime.backplane.type=kafka")
                .run(context -> assertReport(
                        context,
                        "realtime.backplane.type is 'kafka', and Spring for Apache Kafka is not on the class path.",
                        "Add the dependency org.springframework.boot:spring-boot-starter-kafka, or set"
                                + " realtime.backplane.type=local, which serves one node."));
    }

    private static void assertReport(AssertableApplicationContext context, String description, String action) {
        FailureAnalysis analysis = analysis(context);
        assertThat(analysis.getDescription()).isEqualTo(description);
        assertThat(analysis.getAction()).isEqualTo(action);
    }

    private static FailureAnalysis analysis(AssertableApplicationContext context) {
        assertThat(context).hasFailed();
        FailureAnalysis analysis = new RealtimeFailureAnalyzer().analyze(context.getStartupFailure());
        assertThat(analysis).isNotNull();
        return analysis;
    }
}
