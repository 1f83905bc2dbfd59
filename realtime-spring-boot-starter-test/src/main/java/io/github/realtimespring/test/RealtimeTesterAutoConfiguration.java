package io.github.realtimespring.test;

import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.AutoConfigureOrder;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.test.http.server.LocalTestWebServer;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.env.Environment;
import org.springframework.util.function.SingletonSupplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * The {@link RealtimeTester} of a test.
 *
 * @since 0.1.0
 */
@AutoConfiguration
@AutoConfigureOrder(Ordered.LOWEST_PRECEDENCE)
public final class RealtimeTesterAutoConfiguration {

    /** Decorates the tasks of the application's executor, so that the tester knows when the last one has ended. */
    @Bean
    TaskCounter realtimeTaskCounter() {
        return new TaskCounter();
    }

    @Bean
    TestPrincipals realtimeTestPrincipals() {
        return new TestPrincipals();
    }

    @Bean
    @ConditionalOnMissingBean
    RealtimeTester realtimeTester(
            ProtocolSessions sessions,
            ConnectionRegistry connections,
            FanoutService fanout,
            ObjectProvider<Replayer> replayer,
            ObjectProvider<FaultyBackplane> backplane,
            TaskCounter tasks,
            TestPrincipals principals,
            JsonMapper mapper,
            ObjectProvider<TenantResolver> tenants,
            ObjectProvider<IdentityCustomizer> identities,
            ApplicationContext context) {
        LocalServer.Application application = new LocalServer.Application(
                sessions,
                connections,
                fanout,
                () -> replayer.stream().mapToInt(Replayer::pending).sum(),
                () -> arrivals(backplane.getIfAvailable()),
                tasks,
                tenants.getIfAvailable(),
                identities.orderedStream().toList());
        LocalTestWebServer server = LocalTestWebServer.get(context);
        Environment environment = context.getEnvironment();
        ClientTransport transport = environment.getProperty(
                "realtime.test.transport",
                ClientTransport.class,
                server == null ? ClientTransport.EMBEDDED : ClientTransport.WEBSOCKET);
        return new RealtimeTester(
                new LocalServer(application, sockets(server, environment, mapper), principals),
                transport,
                mapper,
                environment.getProperty("realtime.test.timeout", Duration.class, RealtimeTester.TIMEOUT));
    }

    private static long arrivals(@Nullable FaultyBackplane backplane) {
        return backplane == null ? 0 : backplane.arrivalsAtRest();
    }

    /** The port is known when the server has started: after this bean was made, before the first client connects. */
    private static @Nullable Supplier<Sockets> sockets(
            @Nullable LocalTestWebServer server, Environment environment, JsonMapper mapper) {
        if (server == null) {
            return null;
        }
        String basePath = environment.getProperty("realtime.base-path", "/realtime");
        return SingletonSupplier.of(() -> new Sockets(server.uri(), basePath, mapper));
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletConfiguration {

        @Bean
        FilterRegistrationBean<TestPrincipalFilter> realtimeTestPrincipalFilter(TestPrincipals principals) {
            FilterRegistrationBean<TestPrincipalFilter> registration =
                    new FilterRegistrationBean<>(new TestPrincipalFilter(principals));
            registration.setOrder(Ordered.HIGHEST_PRECEDENCE);
            registration.setAsyncSupported(true);
            return registration;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveConfiguration {

        @Bean
        TestPrincipalWebFilter realtimeTestPrincipalFilter(TestPrincipals principals) {
            return new TestPrincipalWebFilter(principals);
        }
    }
}
