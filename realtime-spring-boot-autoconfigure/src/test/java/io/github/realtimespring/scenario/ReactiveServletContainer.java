package io.github.realtimespring.scenario;

import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.jetty.reactive.JettyReactiveWebServerFactory;
import org.springframework.boot.tomcat.reactive.TomcatReactiveWebServerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.web.reactive.socket.server.WebSocketService;
import org.springframework.web.reactive.socket.server.support.HandshakeWebSocketService;
import org.springframework.web.reactive.socket.server.upgrade.StandardWebSocketUpgradeStrategy;

/**
 * WebFlux on the servlet container of this run. Reactor Netty is on the class path, too, where Spring Boot and WebFlux would
 * both choose it.
 */
@Configuration(proxyBeanMethods = false)
@Import({ReactiveServletContainer.OnTomcat.class, ReactiveServletContainer.OnJetty.class})
class ReactiveServletContainer {

    static final String REACTIVE = "spring.main.web-application-type=reactive";

    @Bean
    WebSocketService standardWebSockets() {
        return new HandshakeWebSocketService(new StandardWebSocketUpgradeStrategy());
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.apache.catalina.startup.Tomcat")
    static class OnTomcat {

        @Bean
        TomcatReactiveWebServerFactory tomcat() {
            return new TomcatReactiveWebServerFactory();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(name = "org.eclipse.jetty.server.Server")
    static class OnJetty {

        @Bean
        JettyReactiveWebServerFactory jetty() {
            return new JettyReactiveWebServerFactory();
        }
    }
}
