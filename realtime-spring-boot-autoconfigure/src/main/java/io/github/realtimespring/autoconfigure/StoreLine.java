package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.shard.LocalShardRouter;
import io.github.realtimespring.shard.ShardRouter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;

/** Says at the start, of nodes that exchange events and share no store, what each of them decides for itself. */
final class StoreLine implements SmartInitializingSingleton {

    private static final Logger logger = LoggerFactory.getLogger("io.github.realtimespring.Realtime");

    private final BackplaneAdapter backplane;
    private final ShardRouter router;

    StoreLine(BackplaneAdapter backplane, ShardRouter router) {
        this.backplane = backplane;
        this.router = router;
    }

    /** Empty if there is nothing to say. */
    @Override
    public String toString() {
        return this.router instanceof LocalShardRouter && !(this.backplane instanceof LocalBackplane)
                ? "Realtime store local: with backplane " + this.backplane.name()
                        + " and no realtime.store.type=redis, duplicate-connection policies, idempotency keys and presence"
                        + " are each node's own"
                : "";
    }

    @Override
    public void afterSingletonsInstantiated() {
        String line = toString();
        if (!line.isEmpty()) {
            logger.info(line);
        }
    }
}
