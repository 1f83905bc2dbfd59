package io.github.realtimespring.autoconfigure;

import tools.jackson.databind.json.JsonMapper;

/**
 * Changes how payloads are read and written, beginning with the application's own {@link JsonMapper}, which stays as it
 * is. Beans of this type are called in their order.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface RealtimeJsonMapperCustomizer {

    void customize(JsonMapper.Builder builder);
}
