package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.BrokerBackplane;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.redis.RedisBroker;
import io.github.realtimespring.redis.RedisServers;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mockito.Mockito;
import org.springframework.boot.autoconfigure.AutoConfigurations;
import org.springframework.boot.autoconfigure.task.TaskExecutionAutoConfiguration;
import org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration;
import org.springframework.boot.jackson.autoconfigure.JacksonAutoConfiguration;
import org.springframework.boot.test.context.FilteredClassLoader;
import org.springframework.boot.test.context.assertj.AssertableApplicationContext;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.core.Ordered;
import org.springframework.data.redis.connection.RedisConnectionFactory;

/** The broker on the application's own Redis. No server is there: an application starts without one. */
class RealtimeRedisAutoConfigurationTests {

    private final ApplicationContextRunner runner = new ApplicationContextRunner()
            .withConfiguration(AutoConfigurations.of(
                    RealtimeRedisAutoConfiguration.class,
                    RealtimeAutoConfiguration.class,
                    DataRedisAutoConfiguration.class,
                    JacksonAutoConfiguration.class,
                    TaskExecutionAutoConfiguration.class))
            .withPropertyValues("spring.application.name=chat", "spring.data.redis.port=1");

    private final ApplicationContextRunner redis = this.runner.withPropertyValues("realtime.backplane.type=redis");

    @Test
    void onRedisTheBackplaneIsMadeOfItsBrokerAndStartsWithoutAServer() {
        this.redis.run(context -> {
            assertThat(context).hasSingleBean(Broker.class).hasSingleBean(RedisBroker.class);
            BackplaneAdapter backplane = context.getBean(BackplaneAdapter.class);
            assertThat(backplane).isInstanceOf(BrokerBackplane.class);
            assertThat(backplane.name()).isEqualTo("redis");
            assertThat(backplane.status().writable()).isFalse();
        });
    }

    @Test
    void withoutThePropertyTheConnectionIsLeftAlone() {
        this.runner.run(context -> assertThat(context).doesNotHaveBean(Broker.class));
    }

    @Test
    void withoutSpringDataRedisTheAdviceNamesIt() {
        this.redis
                .withClassLoader(new FilteredClassLoader("org.springframework.data.redis", "io.lettuce"))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("Spring Data Redis"));
    }

    @Test
    void aBrokerOfTheApplicationIsUsedInstead() {
        StubBroker own = new StubBroker(io.github.realtimespring.backplane.SubscriptionMode.LAZY);
        this.redis
                .withBean(Broker.class, () -> own)
                .run(context -> assertThat(context).hasSingleBean(Broker.class).doesNotHaveBean(RedisBroker.class));
    }

    @Test
    void masterAndReplicaWithoutSentinelAreRefusedWithAdvice() {
        this.redis
                .withPropertyValues("spring.data.redis.masterreplica.nodes=localhost:1,localhost:2")
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("spring.data.redis.masterreplica.nodes"));
    }

    @Test
    void onAClusterItStartsWithoutOne() {
        this.redis
                .withPropertyValues("spring.data.redis.cluster.nodes=localhost:1,localhost:2")
                .run(context -> {
                    assertThat(context).hasSingleBean(RedisBroker.class);
                    assertThat(context.getBean(RedisServers.class).isCluster()).isTrue();
                    assertThat(context.getBean(BackplaneAdapter.class).status().writable())
                            .isFalse();
                });
    }

    @Test
    void aClusterBeforeSevenIsRefusedWithAdviceUnlessItIsNotToBeSharded() throws Exception {
        try (OldRedis old = new OldRedis("6.2.14", true)) {
            ApplicationContextRunner six =
                    this.redis.withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + old.port());
            six.run(context -> assertRefused(context, "has version 6.2.14", "sharded-pubsub=off"));
            six.withPropertyValues("realtime.backplane.redis.sharded-pubsub=off")
                    .run(context -> assertThat(context).hasSingleBean(RedisBroker.class));
        }
        try (OldRedis seven = new OldRedis("7.2.4", true)) {
            this.redis
                    .withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + seven.port())
                    .run(context -> assertThat(context).hasSingleBean(RedisBroker.class));
        }
    }

    @Test
    void aServerThatIsNotOfAClusterIsRefusedWithAdvice() throws Exception {
        try (OldRedis alone = new OldRedis("7.2.4", false)) {
            this.redis
                    .withPropertyValues("spring.data.redis.cluster.nodes=127.0.0.1:" + alone.port())
                    .run(context -> assertRefused(context, "is not a server of a cluster", "spring.data.redis.host"));
        }
    }

    @Test
    void shardedPublishAndSubscribeWithoutAClusterIsRefusedWithAdvice() {
        this.redis
                .withPropertyValues("realtime.backplane.redis.sharded-pubsub=on")
                .run(context -> assertRefused(context, "not a cluster", "spring.data.redis.cluster.nodes"));
    }

    private static void assertRefused(AssertableApplicationContext context, String what, String advice) {
        assertThat(context)
                .getFailure()
                .rootCause()
                .isInstanceOfSatisfying(UnusableBackplaneException.class, refused -> {
                    assertThat(refused).hasMessageContaining(what);
                    assertThat(refused.action()).contains(advice);
                });
    }

    @ParameterizedTest
    @CsvSource({"auto, LAZY", "lazy, LAZY", "eager, EAGER", "sharded, SHARDED"})
    void theWayOfSubscriptionIsThatOfTheProperty(String property, SubscriptionMode mode) {
        this.redis
                .withPropertyValues("realtime.backplane.subscription=" + property)
                .run(context -> assertThat(
                                context.getBean(BrokerBackplane.class).mode())
                        .isEqualTo(mode));
    }

    /** Answers what is asked at the start, as a server of some version. */
    private static final class OldRedis implements AutoCloseable {

        private final ServerSocket listening = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final String version;
        private final boolean clustered;

        OldRedis(String version, boolean clustered) throws IOException {
            this.version = version;
            this.clustered = clustered;
            start(this::accept);
        }

        int port() {
            return this.listening.getLocalPort();
        }

        private interface Talk {
            void run() throws IOException;
        }

        private static void start(Talk talk) {
            Thread thread = new Thread(() -> {
                try {
                    talk.run();
                } catch (IOException closed) {
                    // By one of the sides.
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private void accept() throws IOException {
            while (true) {
                Socket client = this.listening.accept();
                start(() -> answer(client));
            }
        }

        /** Commands come as {@code *n}, and {@code $length} and text for each of their parts. */
        private void answer(Socket client) throws IOException {
            try (client;
                    BufferedReader in = new BufferedReader(
                            new InputStreamReader(client.getInputStream(), StandardCharsets.US_ASCII))) {
                for (String line = in.readLine(); line != null; line = in.readLine()) {
                    List<String> parts = new ArrayList<>();
                    for (int left = Integer.parseInt(line.substring(1)); left > 0; left--) {
                        in.readLine();
                        parts.add(in.readLine().toUpperCase(Locale.ROOT));
                    }
                    client.getOutputStream().write(answer(parts).getBytes(StandardCharsets.US_ASCII));
                }
            }
        }

        private String answer(List<String> parts) {
            return switch (parts.get(0)) {
                case "HELLO" -> "-ERR unknown command 'HELLO'\r\n";
                case "INFO" -> bulk("# Server\r\nredis_version:" + this.version + "\r\n");
                case "CLUSTER" ->
                    !this.clustered
                            ? "-ERR This instance has cluster support disabled\r\n"
                            : parts.get(1).equals("MYID") ? bulk("a".repeat(40)) : "-ERR not here\r\n";
                default -> "+OK\r\n";
            };
        }

        private static String bulk(String text) {
            return "$" + text.length() + "\r\n" + text + "\r\n";
        }

        @Override
        public void close() throws IOException {
            this.listening.close();
        }
    }

    @Test
    void anotherClientThanLettuceIsRefusedWithAdvice() {
        this.redis
                .withBean(RedisConnectionFactory.class, () -> Mockito.mock(RedisConnectionFactory.class))
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("uses Lettuce"));
    }

    @Test
    void aConnectionForTheBackplaneAloneIsPreferred() {
        RedisConnectionFactory notLettuce = Mockito.mock(RedisConnectionFactory.class);
        this.redis
                .withBean(
                        RealtimeRedisAutoConfiguration.DEDICATED,
                        RedisConnectionFactory.class,
                        () -> notLettuce,
                        definition -> ((org.springframework.beans.factory.support.AbstractBeanDefinition) definition)
                                .setDefaultCandidate(false))
                .run(context ->
                        assertThat(context).getFailure().rootCause().isInstanceOf(UnusableBackplaneException.class));
    }

    @Test
    void customizersChangeTheOptionsOfTheClientInTheirOrder() {
        List<String> called = new ArrayList<>();
        this.redis
                .withBean("second", RealtimeRedisCustomizer.class, () -> new Customizer(2, called))
                .withBean("first", RealtimeRedisCustomizer.class, () -> new Customizer(1, called))
                .run(context -> {
                    assertThat(context).hasNotFailed();
                    assertThat(called).containsExactly("1", "2");
                });
    }

    private record Customizer(int number, List<String> called) implements RealtimeRedisCustomizer, Ordered {

        @Override
        public int getOrder() {
            return this.number;
        }

        @Override
        public void customize(ClientOptions.Builder options) {
            this.called.add(Integer.toString(this.number));
            options.pingBeforeActivateConnection(false)
                    .socketOptions(SocketOptions.builder()
                            .connectTimeout(Duration.ofMillis(200))
                            .build());
        }
    }

    @Test
    void aCustomizerThatSetsWhatThePromisesDependOnFailsTheStart() {
        assertRefused("autoReconnect", options -> options.autoReconnect(true));
        assertRefused(
                "disconnectedBehavior",
                options -> options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.ACCEPT_COMMANDS));
        assertRefused("timeoutOptions", options -> options.timeoutOptions(TimeoutOptions.create()));
        assertRefused("requestQueueSize", options -> options.requestQueueSize(Integer.MAX_VALUE));
        assertRefused(
                "socketOptions.connectTimeout",
                options -> options.socketOptions(SocketOptions.builder()
                        .connectTimeout(Duration.ofSeconds(30))
                        .build()));
    }

    private void assertRefused(String option, RealtimeRedisCustomizer customizer) {
        this.redis
                .withBean(RealtimeRedisCustomizer.class, () -> customizer)
                .run(context -> assertThat(context)
                        .getFailure()
                        .rootCause()
                        .isInstanceOf(UnusableBackplaneException.class)
                        .hasMessageContaining("A RealtimeRedisCustomizer sets the option '" + option + "'"));
    }
}
