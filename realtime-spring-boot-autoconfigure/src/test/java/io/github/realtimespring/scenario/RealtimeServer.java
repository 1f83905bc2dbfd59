package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
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
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.reactor.netty.NettyServerCustomizer;
import org.springframework.boot.web.server.WebServer;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import reactor.netty.http.server.HttpServer;

/** An auto-configured application on the server of this run. */
public final class RealtimeServer implements AutoCloseable {

    /** Counts what ended, by code. */
    public static final class Closes implements ConnectionListener {
        private final Map<Integer, AtomicInteger> byCode = new ConcurrentHashMap<>();

        @Override
        public void closed(Connection connection, CloseReason reason, Initiator initiator) {
            this.byCode
                    .computeIfAbsent(reason.code(), code -> new AtomicInteger())
                    .incrementAndGet();
        }

        public int count(int code) {
            AtomicInteger count = this.byCode.get(code);
            return count == null ? 0 : count.get();
        }

        /** A connection has left the registry a moment before it is counted. */
        public void expect(int code, int count) {
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(count(code)).isEqualTo(count));
        }
    }

    private final ConfigurableApplicationContext context;
    public final int port;

    private RealtimeServer(ConfigurableApplicationContext context) {
        this.context = context;
        this.port = server().getPort();
    }

    /** Starts an application in which everybody may do everything. */
    public static RealtimeServer start(String... properties) {
        return start(List.of(OpenSecurity.class), properties);
    }

    /** Starts an application whose security, and what else it has, stands in {@code configurations}. */
    public static RealtimeServer start(List<Class<?>> configurations, String... properties) {
        List<String> all = new ArrayList<>(List.of(
                "server.port=0",
                "server.address=127.0.0.1",
                "spring.main.banner-mode=off",
                "logging.level.root=warn",
                "realtime.inbound.rate=10000",
                "realtime.inbound.burst=10000",
                "realtime.inbound.first-join-timeout=5m",
                "realtime.drain.spread=0s",
                // Each application would end two seconds after it has ended
                "spring.reactor.netty.shutdown-quiet-period=0s"));
        all.addAll(List.of(properties));
        return new RealtimeServer(new SpringApplicationBuilder(Application.class)
                .sources(configurations.toArray(Class[]::new))
                .properties(all.toArray(String[]::new))
                .run());
    }

    private WebServer server() {
        return ((WebServerApplicationContext) this.context).getWebServer();
    }

    /** TCP connections that the server holds. */
    public long sockets() {
        return TestServer.current() == TestServer.NETTY
                ? bean(Channels.class).count()
                : TestServer.current().sockets(server());
    }

    public <T> T bean(Class<T> type) {
        return this.context.getBean(type);
    }

    public URI http(String path) {
        return URI.create("http://localhost:" + this.port + path);
    }

    public URI ws() {
        return URI.create("ws://localhost:" + this.port + "/realtime/ws");
    }

    public RawWebSocket raw(String... headers) throws Exception {
        return RawWebSocket.open(this.port, "/realtime/ws", headers);
    }

    /** A client that reads as fast as it can and was welcomed. */
    public TestClient client(String... headers) {
        TestClient client = TestClient.connect(HttpClient.newHttpClient(), ws(), headers);
        client.expect("\"welcome\"");
        return client;
    }

    public ConnectionRegistry connections() {
        return bean(ConnectionRegistry.class);
    }

    /** The only connection there is, once it is the only one. */
    public Connection connection() {
        await().atMost(Duration.ofSeconds(30)).until(() -> connections().size() == 1);
        return connections().iterator().next();
    }

    public Closes closes() {
        return bean(Closes.class);
    }

    /** The gauges of this name together. */
    public double gauge(String name) {
        return bean(MeterRegistry.class).find(name).gauges().stream()
                .mapToDouble(Gauge::value)
                .sum();
    }

    /** The counters of this name and these tags together. */
    public double count(String name, String... tags) {
        return bean(MeterRegistry.class).find(name).tags(tags).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    /** Makes every connection a member of a room. */
    public void joinAll(RoutingKey room) {
        for (Connection connection : connections()) {
            bean(RoomRegistry.class).join(room, connection.id());
        }
    }

    public Publication publish(RoutingKey room, DeliveryClass delivery, String json) {
        return bean(FanoutService.class).publish(Event.of(room, "test", Payload.ofJson(json), delivery));
    }

    @Override
    public void close() {
        this.context.close();
    }

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    public static class Application {

        @Bean
        Closes closes() {
            return new Closes();
        }

        @Bean
        Channels channels() {
            return new Channels();
        }
    }

    /** Everybody may do everything, on either stack. */
    @Configuration(proxyBeanMethods = false)
    @Import({OpenServletSecurity.class, OpenReactiveSecurity.class})
    public static class OpenSecurity {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class OpenServletSecurity {

        @Bean
        SecurityFilterChain open(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().permitAll())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class OpenReactiveSecurity {

        @Bean
        SecurityWebFilterChain open(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.anyExchange().permitAll())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    /** Event loops of its own: those of the JVM end with the first of its applications that ends. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    public static class OwnEventLoops {

        @Bean
        ReactorResourceFactory loops() {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setShutdownQuietPeriod(Duration.ZERO);
            return resources;
        }
    }

    /** The channels of Reactor Netty. */
    public static final class Channels implements NettyServerCustomizer {

        private final ChannelGroup channels = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);

        @Override
        public HttpServer apply(HttpServer server) {
            return server.doOnChannelInit((observer, channel, address) -> this.channels.add(channel));
        }

        int count() {
            return this.channels.size();
        }

        /** The only channel. */
        public Channel channel() {
            return this.channels.stream()
                    .reduce((one, other) -> fail(one + " and " + other))
                    .orElseThrow();
        }

        private static Channel fail(String channels) {
            throw new IllegalStateException("more than one channel: " + channels);
        }

        /** What every channel has written and not flushed, the largest of them. */
        public long mostPendingBytes() {
            return this.channels.stream()
                    .mapToLong(channel -> channel.unsafe().outboundBuffer() == null
                            ? 0
                            : channel.unsafe().outboundBuffer().totalPendingWriteBytes())
                    .max()
                    .orElse(0);
        }
    }
}
