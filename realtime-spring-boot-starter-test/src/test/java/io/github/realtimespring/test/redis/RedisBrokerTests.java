package io.github.realtimespring.test.redis;

import io.github.realtimespring.EventId;
import io.github.realtimespring.test.backplane.BackplaneAdapterContract;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;

/** The contract on a real server, with connections, threads and time as they are. */
class RedisBrokerTests extends BackplaneAdapterContract {

    private static RedisServer redis;

    private final String application = "contract-" + EventId.next(System.currentTimeMillis());
    private final List<RedisNode> nodes = new ArrayList<>();

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.shared();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Override
    protected Setup node() {
        RedisNode node = new RedisNode(RedisNode.factory(redis), this.application, null, Duration.ofMillis(50));
        this.nodes.add(node);
        return new Setup(node.backplane, node.origin, node.backplane.history());
    }

    @AfterEach
    void closeAll() {
        this.nodes.forEach(RedisNode::close);
    }
}
