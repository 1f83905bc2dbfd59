package io.github.realtimespring.autoconfigure;

import io.lettuce.core.ClientOptions;

/**
 * Changes the options of the client that the backplane and the store on Redis have, which begin with those of the
 * application's own client; that one stays as it is. Beans of this type are called in their order.
 *
 * <p>What the promises of the backplane depend on cannot be changed: whether and how the client reconnects, what it does
 * without a connection, how long a command may take, how many may wait, and notices of maintenance. The start fails then
 * and names the option. The time to connect may become shorter than the publish timeout, not longer.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface RealtimeRedisCustomizer {

    void customize(ClientOptions.Builder options);
}
