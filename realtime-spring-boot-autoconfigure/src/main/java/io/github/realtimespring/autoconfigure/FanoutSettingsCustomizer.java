package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.fanout.FanoutSettings;

/**
 * Changes the settings of the engine after the properties were applied. Beans of this type are called in their order.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface FanoutSettingsCustomizer {

    FanoutSettings customize(FanoutSettings settings);
}
