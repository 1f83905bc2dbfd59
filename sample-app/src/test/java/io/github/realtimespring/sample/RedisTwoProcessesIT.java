package io.github.realtimespring.sample;

import io.github.realtimespring.test.redis.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/** Two processes and a Redis. */
class RedisTwoProcessesIT extends TwoProcesses {

    private RedisServer redis;

    @BeforeAll
    void startRedis() throws Exception {
        this.redis = RedisServer.shared();
        startBoth();
    }

    @AfterAll
    void stopRedis() {
        close();
        this.redis.close();
    }

    @Override
    SampleProcess start(int number) {
        return start(
                "redis-" + number,
                "--spring.profiles.active=redis",
                "--spring.data.redis.host=" + this.redis.host(),
                "--spring.data.redis.port=" + this.redis.port());
    }
}
