package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.redis.RedisBroker;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mockito.Mockito;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** The broker on the application's own Redis. No server is there: an application starts without one. */
class RealtimeRedisAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeRedisAutoConfiguration.class,
                    RealtimeAutoConfiguration.class,
                    DataRedisAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class))
            .withPropertyValues("spring.application.name=chat", "spring.data.redis.port=1");

    private final ApplicationContextRunner redis = this.runner.withPropertyValues("realtime.backplane.type=redis");

    @Test
    void onRedisTheBackplaneIsMadeOfItsBrokerAndStartsWithoutAServer() {
        this.redis.run(context -> {
            assertThat(context).hasSingleBean(Broker.class).hasSingleBean(RedisBroker.class);
            BackplaneAdapter backplane = context.getBean(BackplaneAdapter.class);
            assertThat(backplane).isInstanceOf(BrokerBackplane.class);
            assertThat(backplane.name()).isEqualTo("redis");
            assertThat(backplane.status().writable()).isFalse();
        });
    }

    @Test
    void withoutThePropertyTheConnectionIsLeftAlone() {
        this.runner.run(context -> assertThat(context).doesNotHaveBean(Broker.class));
    }

    @Test
    void withoutSpringDataRedisTheAdviceNamesIt() {
        this.redis
                .withClassLoader(new FilteredClassLoader("org.springframework.data.redis", "io.lettuce"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("Spring Data Redis"));
    }

    @Test
    void aBrokerOfTheApplicationIsUsedInstead() {
        StubBroker own = new StubBroker(io.github.realtimespring.backplane.SubscriptionMode.LAZY);
        this.redis
                .withBean(Broker.class, () -> own)
                .run(context -> assertThat(context).hasSingleBean(Broker.class).doesNotHaveBean(RedisBroker.class));
    }

    @ParameterizedTest
    @ValueSource(strings = {"cluster", "masterreplica"})
    void severalServersAreRefusedWithAdvice(String servers) {
        this.redis
                .withPropertyValues("spring.data.redis." + servers + ".nodes=localhost:1,localhost:2")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("spring.data.redis." + servers + ".nodes"));
    }

    @Test
    void anotherClientThanLettuceIsRefusedWithAdvice() {
        this.redis
                .withBean(RedisConnectionFactory.class, () -> Mockito.mock(RedisConnectionFactory.class))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("uses Lettuce"));
    }

    @Test
    void aConnectionForTheBackplaneAloneIsPreferred() {
        RedisConnectionFactory notLettuce = Mockito.mock(RedisConnectionFactory.class);
        this.redis
                .withBean(
                        RealtimeRedisAutoConfiguration.DEDICATED,
                        RedisConnectionFactory.class,
                        () -> notLettuce,
                        definition -> ((org.springframework.beans.factory.support.AbstractBeanDefinition) definition)
                                .setDefaultCandidate(false))
                .run(context ->
                        assertThat(context).getFailure().rootCause().isInstanceOf(UnusableBackplaneException.class));
    }
}
