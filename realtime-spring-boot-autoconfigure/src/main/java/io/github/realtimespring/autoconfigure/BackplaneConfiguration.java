package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneObserver;
import io.github.realtimespring.backplane.BackplaneSettings;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.PayloadCheck;
import io.github.realtimespring.history.History;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.context.properties.source.InvalidConfigurationPropertyValueException;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.util.StringUtils;

/**
 * The backplane of an application whose context has a {@link Broker}, of its own or of the configuration of Redis or
 * Kafka. Processed before {@link EngineConfiguration}, whose local backplane and history in memory then stand back.
 */
@Configuration(proxyBeanMethods = false)
class BackplaneConfiguration {

    private static final Pattern APP = Pattern.compile("[A-Za-z0-9._~-]{1,64}");

    /** What brokers are made with, too. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(Broker.class)
    static class ForBroker {

        @Bean
        @ConditionalOnMissingBean
        BackplaneSettings realtimeBackplaneSettings(RealtimeProperties properties) {
            BackplaneSettings defaults = BackplaneSettings.DEFAULTS;
            return new BackplaneSettings(
                    defaults.maxInFlight(),
                    defaults.maxEnvelopeBytes(),
                    properties.backplane().beacon(),
                    defaults.linger(),
                    defaults.maxReads());
        }

        @Bean
        @ConditionalOnMissingBean
        PayloadCheck realtimePayloadCheck(PayloadJson json) {
            return new JsonPayloadCheck(json.mapper());
        }

        /** Brokers put its name in front of the names that they use. */
        @Bean
        @ConditionalOnMissingBean
        @SuppressWarnings("NullAway")
        BrokerBackplane.Application realtimeBackplaneApplication(
                RealtimeProperties properties,
                RealtimeSettings settings,
                PayloadCheck payloads,
                Environment environment) {
            RealtimeProperties.Backplane backplane = properties.backplane();
            String secret = backplane.signingSecret();
            return new BrokerBackplane.Application(
                    app(backplane, environment),
                    StringUtils.hasLength(secret) ? secret.getBytes(StandardCharsets.UTF_8) : null,
                    settings.classes()::get,
                    payloads);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnBean(Broker.class)
    @ConditionalOnMissingBean(BackplaneAdapter.class)
    static class OfBroker {

        @Bean
        BrokerBackplane realtimeBackplane(
                Broker broker,
                BrokerBackplane.Application application,
                BackplaneSettings backplane,
                RealtimeProperties properties,
                RealtimeSettings settings,
                ObjectProvider<BackplaneObserver> observers) {
            RealtimeProperties.Subscription asked = properties.backplane().subscription();
            if (asked.mode() != null && asked.mode() != broker.mode()) {
                throw UnusableBackplaneException.subscription(
                        asked, broker.name(), "'" + broker.mode().wireName() + "'");
            }
            List<BackplaneObserver> all =
                    new ArrayList<>(observers.orderedStream().toList());
            all.add(new BackplaneLog(broker.name(), Ticker.SYSTEM));
            return new BrokerBackplane(
                    broker,
                    settings.origin(),
                    settings.nodeId(),
                    application,
                    backplane,
                    BackplaneObserver.all(all),
                    Ticker.SYSTEM);
        }

        @Bean
        @ConditionalOnMissingBean
        History realtimeHistory(BrokerBackplane backplane, RealtimeProperties properties) {
            if (properties.history().store() == RealtimeProperties.HistoryStore.MEMORY) {
                throw UnusableBackplaneException.memoryHistory(
                        backplane.name(), properties.transports().longPoll().enabled());
            }
            return backplane.history();
        }

        @Bean
        BackplaneLifecycle realtimeBackplaneLifecycle(
                ApplicationContext context,
                BrokerBackplane backplane,
                ConnectionRegistry connections,
                ObjectProvider<Drain> drain) {
            return new BackplaneLifecycle(context, backplane, connections, drain);
        }
    }

    /** In front of the names of this application on whatever its nodes share. */
    static String app(RealtimeProperties.Backplane backplane, Environment environment) {
        String app = backplane.app();
        String property = "realtime.backplane.app";
        if (!StringUtils.hasLength(app)) {
            property = "spring.application.name";
            app = environment.getProperty(property);
        }
        if (!StringUtils.hasLength(app)) {
            throw UnusableBackplaneException.nameless();
        }
        if (!APP.matcher(app).matches()) {
            throw new InvalidConfigurationPropertyValueException(
                    property,
                    app,
                    "On the backplane the name of an application has 1 to 64 letters, digits or . _ ~ - in it; another one"
                            + " than spring.application.name is set by realtime.backplane.app.");
        }
        return app;
    }
}
