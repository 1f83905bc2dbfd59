package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.connection.QueueLimits;

/**
 * Changes the bounds of connection queues after the properties were applied. Beans of this type are called in their order.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface QueueLimitsCustomizer {

    QueueLimits customize(QueueLimits limits);
}
