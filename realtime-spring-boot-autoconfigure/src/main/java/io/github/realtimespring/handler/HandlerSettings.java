package io.github.realtimespring.handler;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.validation.Validator;
import tools.jackson.databind.json.JsonMapper;

/**
 * What handler methods are called with.
 *
 * @param json reads payloads
 * @param conversion converts room variables and headers
 * @param validator checks payloads whose parameter is {@code @Valid} or {@code @Validated}; {@code null} for none
 * @param resolvers of the application, asked for parameters that this library knows nothing for, before the payload
 * @param timeout when a returned stage is given up and fails with {@code timeout}; later than the session's own deadline,
 *     because an idempotency key is free again once its handler failed
 * @since 0.1.0
 */
public record HandlerSettings(
        JsonMapper json,
        ConversionService conversion,
        @Nullable Validator validator,
        List<HandlerMethodArgumentResolver> resolvers,
        Duration timeout) {

    public HandlerSettings {
        resolvers = List.copyOf(resolvers);
        if (timeout.isNegative() || timeout.isZero()) {
            throw new IllegalArgumentException("a handler's timeout must be positive");
        }
    }

    /** The usual settings, without validation. */
    public static HandlerSettings of(JsonMapper json) {
        return new HandlerSettings(
                json, DefaultConversionService.getSharedInstance(), null, List.of(), Duration.ofSeconds(30));
    }
}
