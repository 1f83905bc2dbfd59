package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.actuate.BackplaneMeters;
import io.github.realtimespring.actuate.ClusterMeters;
import io.github.realtimespring.actuate.DrainMeters;
import io.github.realtimespring.actuate.PlaceMeters;
import io.github.realtimespring.actuate.PresenceMeters;
import io.github.realtimespring.actuate.RealtimeGauges;
import io.github.realtimespring.actuate.RealtimeMetrics;
import io.github.realtimespring.actuate.RealtimeObservations;
import io.github.realtimespring.actuate.RealtimeObserver;
import io.github.realtimespring.actuate.RealtimeTimers;
import io.github.realtimespring.actuate.RoomPatterns;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.Polls;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.shard.ShardRouter;
import io.github.realtimespring.webflux.WebSocketLoops;
import io.github.realtimespring.webmvc.WebSocketThreads;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.observation.ObservationRegistry;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.core.env.Environment;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of meters and
 * observations, where the application has a registry for them.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        after = RealtimeAutoConfiguration.class,
        afterName = {
            "org.springframework.boot.micrometer.metrics.autoconfigure.CompositeMeterRegistryAutoConfiguration",
            "org.springframework.boot.micrometer.observation.autoconfigure.ObservationAutoConfiguration"
        })
@ConditionalOnBean(ProtocolSessions.class)
public final class RealtimeMetricsAutoConfiguration {

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(MeterRegistry.class)
    @ConditionalOnBean(MeterRegistry.class)
    static class MeterConfiguration {

        @Bean
        @ConditionalOnMissingBean
        RealtimeMetrics realtimeMetrics(MeterRegistry registry, RoomPatterns patterns) {
            return new RealtimeMetrics(registry, patterns);
        }

        /** The backplane of a broker is made with it, so it asks the broker for the name; no other backplane is. */
        @Bean
        @ConditionalOnMissingBean
        BackplaneMeters realtimeBackplaneMeters(
                MeterRegistry registry, ObjectProvider<Broker> broker, ObjectProvider<BackplaneAdapter> backplane) {
            Broker shared = broker.getIfAvailable();
            return new BackplaneMeters(
                    registry,
                    shared != null ? shared.name() : backplane.getObject().name());
        }

        @Bean
        @ConditionalOnMissingBean
        ClusterMeters realtimeClusterMeters(
                ShardRouter router, BackplaneAdapter backplane, ConnectionRegistry connections) {
            return new ClusterMeters(router, backplane, connections);
        }

        @Bean
        @ConditionalOnMissingBean
        PlaceMeters realtimePlaceMeters(MeterRegistry registry) {
            return new PlaceMeters(registry);
        }

        @Bean
        ApplicationListener<ContextRefreshedEvent> realtimePlaceGauge(PlaceMeters meters, Places places) {
            return event -> meters.bindTo(places);
        }

        @Bean
        @ConditionalOnMissingBean
        DrainMeters realtimeDrainMeters(MeterRegistry registry) {
            return new DrainMeters(registry, Ticker.SYSTEM);
        }

        @Bean
        @ConditionalOnMissingBean
        PresenceMeters realtimePresenceMeters(MeterRegistry registry) {
            return new PresenceMeters(registry);
        }

        @Bean
        ApplicationListener<ContextRefreshedEvent> realtimePresenceGauges(
                PresenceMeters meters, PresenceService presence) {
            return event -> meters.bindTo(presence);
        }

        /** Not a bean of the binder's type: the gauges need the patterns, which are known once all beans are there. */
        @Bean
        ApplicationListener<ContextRefreshedEvent> realtimeGauges(
                MeterRegistry registry,
                RoomRegistry rooms,
                ConnectionRegistry connections,
                QueueLimits limits,
                RoomPatterns patterns,
                FanoutService fanout,
                BackplaneAdapter backplane,
                BackplaneMeters backplaneMeters,
                Drain drain,
                ProtocolSessions sessions,
                ObjectProvider<MemoryStreams> streams,
                ObjectProvider<Replayer> replayer,
                ObjectProvider<WebSocketThreads> threads,
                ObjectProvider<WebSocketLoops> loops,
                ObjectProvider<Polls> polls) {
            RealtimeGauges gauges = new RealtimeGauges(rooms, connections, limits, patterns, fanout, drain);
            return event -> {
                gauges.bindTo(registry);
                backplaneMeters.bindTo(backplane);
                gauges.bindKeyedPublishes(registry, sessions::keyedPublishes);
                gauges.bindEntering(registry, sessions::entering);
                streams.ifAvailable(bean -> gauges.bindHistory(registry, bean));
                replayer.ifAvailable(bean -> gauges.bindReplayer(registry, bean));
                threads.ifAvailable(bean -> gauges.bindTransport(registry, "websocket", bean::pending));
                loops.ifAvailable(bean -> gauges.bindTransport(registry, "websocket", bean::pending));
                polls.ifAvailable(bean -> gauges.bindTransport(registry, "poll", bean::pending));
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(ObservationRegistry.class)
    @ConditionalOnBean(ObservationRegistry.class)
    static class ObservationConfiguration {

        /** An application that declares {@link RealtimeObservations} itself observes, whatever is found here. */
        @Bean
        @ConditionalOnMissingBean
        RealtimeObserver realtimeObserver(
                ObservationRegistry observations,
                RoomPatterns patterns,
                BackplaneAdapter backplane,
                ObjectProvider<MeterRegistry> meters,
                ConfigurableListableBeanFactory beans,
                Environment environment) {
            MeterRegistry registry = meters.getIfUnique();
            return registry == null || new ObservationInterest(beans, environment).exists()
                    ? new RealtimeObservations(observations, patterns, backplane.name())
                    : new RealtimeTimers(registry, patterns, backplane.name());
        }
    }
}
