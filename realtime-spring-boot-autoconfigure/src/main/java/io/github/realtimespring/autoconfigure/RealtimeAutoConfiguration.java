package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.registry.RoomRegistry;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Import;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of rooms, fanout,
 * handlers and protocol sessions: everything that needs no server. Each bean gives way to one of the application.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration",
            "org.springframework.boot.validation.autoconfigure.ValidationAutoConfiguration",
            "org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration"
        })
@ConditionalOnClass({RoomRegistry.class, JsonMapper.class, InvocableHandlerMethod.class})
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@EnableConfigurationProperties(RealtimeProperties.class)
@Import({
    BackplaneConfiguration.class,
    StoreConfiguration.class,
    EngineConfiguration.class,
    PresenceConfiguration.class,
    CapacityConfiguration.class,
    UserConfiguration.class,
    HandlerConfiguration.class,
    SessionConfiguration.class
})
public final class RealtimeAutoConfiguration {

    @Bean
    RealtimeSettings realtimeSettings(RealtimeProperties properties) {
        return RealtimeSettings.of(properties);
    }
}
