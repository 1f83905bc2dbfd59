package io.github.realtimespring.webmvc;

import static org.awaitility.Awaitility.await;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.servletserver.ServletServer;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.web.server.servlet.context.ServletWebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.web.SecurityFilterChain;

/** An auto-configured application on a real servlet container. */
final class RealtimeServer implements AutoCloseable {

    /** Counts what ended, by code. */
    static final class Closes implements ConnectionListener {
        private final Map<Integer, AtomicInteger> byCode = new ConcurrentHashMap<>();

        @Override
        public void closed(Connection connection, CloseReason reason, Initiator initiator) {
            this.byCode
                    .computeIfAbsent(reason.code(), code -> new AtomicInteger())
                    .incrementAndGet();
        }

        int count(int code) {
            AtomicInteger count = this.byCode.get(code);
            return count == null ? 0 : count.get();
        }
    }

    private final ServletWebServerApplicationContext context;
    final int port;

    private RealtimeServer(ConfigurableApplicationContext context) {
        this.context = (ServletWebServerApplicationContext) context;
        this.port = this.context.getWebServer().getPort();
    }

    /** Starts an application in which everybody may do everything. */
    static RealtimeServer start(String... properties) {
        return start(List.of(OpenSecurity.class), properties);
    }

    /** Starts an application whose security, and what else it has, stands in {@code configurations}. */
    static RealtimeServer start(List<Class<?>> configurations, String... properties) {
        List<String> all = new ArrayList<>(List.of(
                "server.port=0",
                "server.address=127.0.0.1",
                "spring.main.banner-mode=off",
                "logging.level.root=warn",
                "realtime.inbound.rate=10000",
                "realtime.inbound.burst=10000",
                "realtime.inbound.first-join-timeout=5m",
                "realtime.drain.spread=0s"));
        all.addAll(List.of(properties));
        return new RealtimeServer(new SpringApplicationBuilder(Application.class)
                .sources(configurations.toArray(Class[]::new))
                .properties(all.toArray(String[]::new))
                .run());
    }

    /** TCP connections that the container holds. */
    long sockets() {
        return ServletServer.current().sockets(this.context.getWebServer());
    }

    <T> T bean(Class<T> type) {
        return this.context.getBean(type);
    }

    URI http(String path) {
        return URI.create("http://localhost:" + this.port + path);
    }

    URI ws() {
        return URI.create("ws://localhost:" + this.port + "/realtime/ws");
    }

    RawWebSocket raw(String... headers) throws Exception {
        return RawWebSocket.open(this.port, "/realtime/ws", headers);
    }

    /** A client that reads as fast as it can and was welcomed. */
    TestClient client(String... headers) {
        TestClient client = TestClient.connect(HttpClient.newHttpClient(), ws(), headers);
        client.expect("\"welcome\"");
        return client;
    }

    ConnectionRegistry connections() {
        return bean(ConnectionRegistry.class);
    }

    /** The only connection there is, once it is the only one. */
    Connection connection() {
        await().atMost(Duration.ofSeconds(30)).until(() -> connections().size() == 1);
        return connections().iterator().next();
    }

    Closes closes() {
        return bean(Closes.class);
    }

    /** Makes every connection a member of a room. */
    void joinAll(RoutingKey room) {
        for (Connection connection : connections()) {
            bean(RoomRegistry.class).join(room, connection.id());
        }
    }

    Publication publish(RoutingKey room, DeliveryClass delivery, String json) {
        return bean(FanoutService.class).publish(Event.of(room, "test", Payload.ofJson(json), delivery));
    }

    @Override
    public void close() {
        this.context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class Application {

        @Bean
        Closes closes() {
            return new Closes();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OpenSecurity {

        @Bean
        SecurityFilterChain open(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }
}
