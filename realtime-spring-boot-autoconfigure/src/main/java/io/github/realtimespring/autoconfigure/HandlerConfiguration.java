package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.fanout.EventEncoder;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.handler.BroadcastToListener;
import io.github.realtimespring.handler.EventTypes;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.HandlerSettings;
import io.github.realtimespring.handler.RealtimeEngine;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.RoomAccessRule;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.room.UserService;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executor;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.convert.ApplicationConversionService;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.convert.ConversionService;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.validation.Validator;

/** Handlers and the template. */
@Configuration(proxyBeanMethods = false)
class HandlerConfiguration {

    private static final String TASK_EXECUTOR = TaskExecutionAutoConfiguration.APPLICATION_TASK_EXECUTOR_BEAN_NAME;

    @Bean
    @ConditionalOnMissingBean
    HandlerThreads realtimeHandlerThreads(BeanFactory beans) {
        return new HandlerThreads(
                beans.containsBean(TASK_EXECUTOR) ? beans.getBean(TASK_EXECUTOR, Executor.class) : null);
    }

    @Bean
    @ConditionalOnMissingBean
    EventTypes realtimeEventTypes(RealtimeProperties properties, RealtimeSettings settings) {
        Map<String, EventTypes.Settings> events = new LinkedHashMap<>();
        properties
                .events()
                .forEach((name, type) -> events.put(name, new EventTypes.Settings(type.delivery(), type.coalesceBy())));
        return new EventTypes(properties.rooms().defaultDelivery(), settings.classes(), events);
    }

    @Bean
    @ConditionalOnMissingBean
    HandlerSettings realtimeHandlerSettings(
            PayloadJson json,
            ObjectProvider<ConversionService> conversion,
            ObjectProvider<Validator> validator,
            ObjectProvider<HandlerMethodArgumentResolver> resolvers,
            RealtimeProperties properties) {
        return new HandlerSettings(
                json.mapper(),
                conversion.getIfUnique(ApplicationConversionService::getSharedInstance),
                validator.getIfUnique(),
                resolvers.orderedStream().toList(),
                // The session answers in time; until its idempotency keys are forgotten a repeat awaits what still
                // comes.
                properties.handler().timeout().plus(properties.session().window()));
    }

    /**
     * The time of day, in the time stamps of events that the application sends and for credentials that expire; the
     * system's if the application has several. Nothing that lasts or ends by itself goes by it.
     */
    @Bean
    @ConditionalOnMissingBean
    InstantSource realtimeInstantSource() {
        return InstantSource.system();
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeEngine realtimeEngine(
            FanoutService fanout,
            EventEncoder encoder,
            RoomService rooms,
            ConnectionRegistry connections,
            PresenceService presence,
            BackplaneAdapter backplane,
            UserService users) {
        return new RealtimeEngine(fanout, encoder, rooms, connections, presence, backplane, users);
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeTemplate realtimeTemplate(
            RealtimeEngine engine,
            EventTypes types,
            ApplicationEventPublisher publisher,
            HandlerThreads threads,
            ObjectProvider<InstantSource> clock,
            ObjectProvider<TenantResolver> tenants) {
        return new RealtimeTemplate(
                engine,
                types,
                publisher,
                threads.executor(),
                clock.getIfUnique(InstantSource::system),
                tenants.getIfAvailable() != null);
    }

    @Bean
    @ConditionalOnMissingBean
    RoomHandlers realtimeRoomHandlers(
            ListableBeanFactory beans,
            RealtimeTemplate template,
            ObjectProvider<RoomAccessRule> rules,
            HandlerSettings settings,
            ObjectProvider<HandlerListener> listeners) {
        return new RoomHandlers(
                beans,
                template,
                rules.orderedStream().toList(),
                settings,
                Listeners.handlers(listeners.orderedStream().toList()));
    }

    /** A policy of a pattern that nobody has would never be applied. */
    @Bean
    SmartInitializingSingleton realtimePolicyCheck(RealtimeSettings settings, RoomHandlers handlers) {
        return () -> settings.checkPatterns(handlers.patterns());
    }

    @Bean
    NodesCheck realtimeNodesCheck(RealtimeProperties properties, BackplaneAdapter backplane, RoomHandlers handlers) {
        return new NodesCheck(properties, backplane, handlers);
    }

    @Bean
    @ConditionalOnMissingBean
    BroadcastToListener realtimeBroadcastToListener(RealtimeTemplate template) {
        return new BroadcastToListener(template);
    }
}
