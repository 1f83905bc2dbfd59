package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.redis.RedisIdempotencyStore;
import io.github.realtimespring.redis.RedisPresenceStore;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** Where it is kept what nodes agree on, and what an application is told that cannot have it there. */
class RealtimeStoreAutoConfigurationTests {

    private static final String LOCAL = ", or set realtime.store.type=local, with which each node decides for itself.";

    private final ApplicationContextRunner alone = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeRedisAutoConfiguration.class,
                    RealtimeRedisStoreAutoConfiguration.class,
                    RealtimeAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class))
            .withPropertyValues("spring.application.name=chat", "spring.data.redis.port=1");

    private final ApplicationContextRunner several =
            this.alone.withBean(Broker.class, () -> new StubBroker(SubscriptionMode.LAZY));

    private final ApplicationContextRunner withRedis =
            this.several.withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class));

    @Test
    void aNodeAloneOwnsEverythingAndSaysNothing() {
        this.alone.withPropertyValues("realtime.store.buckets=8").run(context -> {
            ShardRouter router = context.getBean(ShardRouter.class);
            assertThat(router.buckets()).isEqualTo(8);
            Ownership ownership = router.ownership(router.bucket(RoutingKey.room("project:42")));
            assertThat(ownership.mine()).isTrue();
            assertThat(context.getBean(StoreLine.class).toString()).isEmpty();
        });
    }

    @Test
    void nodesWithoutACommonStoreSayWhatEachOfThemDecides() {
        this.several.run(context -> {
            assertThat(context.getBean(ShardRouter.class)).isInstanceOf(LocalShardRouter.class);
            assertThat(context).doesNotHaveBean(StoreServer.class);
            assertThat(context.getBean(StoreLine.class))
                    .hasToString("Realtime store local: with backplane stub and no realtime.store.type=redis,"
                            + " duplicate-connection policies, idempotency keys and presence are each node's own");
        });
    }

    @Test
    void theApplicationsRedisIsUsedOnlyIfItIsAskedFor() {
        this.withRedis.run(context -> assertThat(context).doesNotHaveBean(StoreServer.class));
        this.withRedis.withPropertyValues("realtime.store.type=redis").run(context -> {
            assertThat(context).hasSingleBean(StoreServer.class);
            assertThat(context.getBean(ShardRouter.class)).isInstanceOf(LeasedShardRouter.class);
        });
    }

    @Test
    void onRedisTheStoreIsWhereTheBackplaneIsUnlessToldOtherwise() {
        ApplicationContextRunner onRedis = this.alone
                .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                .withPropertyValues("realtime.backplane.type=redis");
        onRedis.run(context -> {
            assertThat(context).hasSingleBean(StoreServer.class).hasSingleBean(NodeStore.class);
            assertThat(context.getBean(ShardRouter.class)).isInstanceOf(LeasedShardRouter.class);
            assertThat(context.getBean(StoreLine.class).toString()).isEmpty();
            assertThat(context.getBean(PresenceStore.class)).isInstanceOf(RedisPresenceStore.class);
            assertThat(context.getBean(StoreLine.class).toString()).isEmpty();
        });
        onRedis.withPropertyValues("realtime.store.type=local").run(context -> {
            assertThat(context).doesNotHaveBean(StoreServer.class);
            assertThat(context.getBean(PresenceStore.class)).isInstanceOf(MemoryPresenceStore.class);
        });
    }

    @Test
    void aStoreOnRedisWithoutSpringDataRedisFailsTheStart() {
        this.several
                .withClassLoader(new FilteredClassLoader("org.springframework.data.redis"))
                .withPropertyValues("realtime.store.type=redis")
                .run(context -> assertReport(
                        context,
                        "realtime.store.type is 'redis', and Spring Data Redis is not on the class path.",
                        "Add the dependency org.springframework.boot:spring-boot-starter-data-redis" + LOCAL));
    }

    @Test
    void aStoreOnRedisWithoutAConnectionFailsTheStart() {
        this.several
                .withPropertyValues("realtime.store.type=redis")
                .run(context -> assertReport(
                        context,
                        "realtime.store.type is 'redis', and there is no connection to it: no bean of type"
                                + " RedisConnectionFactory.",
                        "Configure it with spring.data.redis.*" + LOCAL));
    }

    @Test
    void aStoreOnRedisForOneNodeFailsTheStart() {
        this.alone
                .withConfiguration(AutoConfigurations.of(DataRedisAutoConfiguration.class))
                .withPropertyValues("realtime.store.type=redis")
                .run(context -> assertReport(
                        context,
                        "realtime.store.type is 'redis', and the backplane is 'local', which serves one node.",
                        "Set realtime.backplane.type as well, or remove realtime.store.type."));
    }

    @Test
    void anotherClientThanLettuceFailsTheStart() {
        this.several
                .withBean(RedisConnectionFactory.class, () -> Mockito.mock(RedisConnectionFactory.class))
                .withPropertyValues("realtime.store.type=redis")
                .run(context -> assertThat(analysis(context).getDescription()).contains("on Redis uses Lettuce"));
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

    @Test
    void idempotencyKeysAreOnRedisWhereTheStoreIs() {
        this.withRedis
                .withPropertyValues("realtime.store.type=redis")
                .run(context -> assertThat(context).hasSingleBean(RedisIdempotencyStore.class));
        this.withRedis.run(context -> assertThat(context).doesNotHaveBean(IdempotencyStore.class));
        this.withRedis
                .withPropertyValues("realtime.store.type=redis")
                .withBean(IdempotencyStore.class, () -> Mockito.mock(IdempotencyStore.class))
                .run(context -> assertThat(context)
                        .hasSingleBean(IdempotencyStore.class)
                        .doesNotHaveBean(RedisIdempotencyStore.class));
    }
}
