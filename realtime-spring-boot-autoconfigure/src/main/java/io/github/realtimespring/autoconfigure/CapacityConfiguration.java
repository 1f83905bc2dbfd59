package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.ConnectionCapacity;
import org.apache.coyote.AbstractProtocol;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/** Warns at the start if other limits are reached before the configured one of connections. */
@Configuration(proxyBeanMethods = false)
class CapacityConfiguration {

    private static final Logger logger = LoggerFactory.getLogger("io.github.realtimespring.Realtime");

    @Bean
    @ConditionalOnMissingBean
    ConnectionCapacity realtimeConnectionCapacity(RealtimeSettings settings) {
        return new ConnectionCapacity(settings.maxConnections());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(WebServerInitializedEvent.class)
    static class OfServer {

        @Bean
        ApplicationListener<WebServerInitializedEvent> realtimeServerCapacity(
                ConnectionCapacity capacity, Environment environment) {
            return new ServerCapacity(capacity, environment);
        }
    }

    /** @param capacity is told of the web server */
    record ServerCapacity(ConnectionCapacity capacity, Environment environment)
            implements ApplicationListener<WebServerInitializedEvent> {

        @Override
        public void onApplicationEvent(WebServerInitializedEvent event) {
            if (event.getApplicationContext().getServerNamespace() != null) {
                return; // That of the actuator.
            }
            WebServer server = event.getWebServer();
            ClassLoader loader = getClass().getClassLoader();
            if (ClassUtils.isPresent("org.springframework.boot.tomcat.TomcatWebServer", loader)
                    && ClassUtils.isPresent("org.apache.coyote.AbstractProtocol", loader)
                    && OfTomcat.isTomcat(server)) {
                this.capacity.server(OfTomcat.limit(server), "server.tomcat.max-connections");
            } else if (server.getClass().getSimpleName().startsWith("Jetty")) {
                String property = "server.jetty.max-connections";
                this.capacity.server(this.environment.getProperty(property, Integer.class, -1), property);
            }
            this.capacity.warnings().forEach(warning -> logger.warn("{}", warning));
        }
    }

    /** Apart, because Tomcat may not be there. */
    private static final class OfTomcat {

        private OfTomcat() {}

        static boolean isTomcat(WebServer server) {
            return server instanceof TomcatWebServer;
        }

        /** What is in force, whoever set it. */
        static int limit(WebServer server) {
            return ((TomcatWebServer) server).getTomcat().getConnector().getProtocolHandler()
                            instanceof AbstractProtocol<?> protocol
                    ? protocol.getMaxConnections()
                    : -1;
        }
    }
}
