package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.shard.LeasedShardRouter;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;

/** Applications on a real Redis, with nothing but properties. */
class RedisApplicationIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static RedisServer server;

    @BeforeAll
    static void startRedis() {
        server = RedisServer.start();
    }

    @AfterAll
    static void stopRedis() {
        server.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {}

    private static ConfigurableApplicationContext start(String name) {
        return new SpringApplicationBuilder(Application.class)
                .web(WebApplicationType.SERVLET)
                .properties(
                        "server.port=0",
                        "spring.application.name=chat",
                        "spring.data.redis.host=" + server.host(),
                        "spring.data.redis.port=" + server.port(),
                        "realtime.backplane.type=redis",
                        "realtime.node-id=" + name)
                .run();
    }

    /** Their leases are half a minute long, and none of it waits for one. */
    @Test
    void nodesShareTheBucketsAndTheLastOneHasThemAll() {
        try (ConfigurableApplicationContext one = start("one")) {
            LeasedShardRouter first = one.getBean(LeasedShardRouter.class);
            await().atMost(PATIENCE).until(() -> first.owned() == 256);
            try (ConfigurableApplicationContext two = start("two")) {
                LeasedShardRouter second = two.getBean(LeasedShardRouter.class);
                await().atMost(PATIENCE).until(() -> first.owned() + second.owned() == 256 && second.owned() > 100);
                assertThat(first.nodes()).hasSize(2);
            }
            await().atMost(Duration.ofSeconds(10)).until(() -> first.owned() == 256);
            assertThat(first.failures()).isLessThan(10);
        }
    }
}
