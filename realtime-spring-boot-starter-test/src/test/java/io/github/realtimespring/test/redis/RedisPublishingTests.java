package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.backplane.Published;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.KillArgs;
import io.lettuce.core.protocol.ProtocolVersion;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletionStage;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** Which connection messages take, and what becomes of their order when it changes (docs/decisions/0027). */
class RedisPublishingTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42");
    /** One of the connections of the node that publishes, as the server lists them. */
    private static final Pattern SPEAKER = Pattern.compile("id=(\\d+) .* name=speaker .*");

    private final List<AutoCloseable> open = new ArrayList<>();
    private RedisServer redis;
    private RawRedis operator;
    private RedisNode listener;

    @BeforeEach
    void start() {
        this.redis = open(RedisServer.start());
        this.operator = open(new RawRedis(this.redis));
        this.listener = open(RedisNode.start(this.redis, "publishing")).join(ROOM);
    }

    private <T extends AutoCloseable> T open(T resource) {
        this.open.add(0, resource);
        return resource;
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable resource : this.open) {
            resource.close();
        }
    }

    private RedisNode speaker(ProtocolVersion protocol) {
        LettuceClientConfiguration client = LettuceClientConfiguration.builder()
                .clientName("speaker")
                .clientOptions(ClientOptions.builder().protocolVersion(protocol).build())
                .build();
        return open(RedisNode.start(
                new LettuceConnectionFactory(
                        new RedisStandaloneConfiguration(this.redis.host(), this.redis.port()), client),
                "publishing",
                null));
    }

    /** The speaker's connections: the last command of the one with subscriptions, and of the one without. */
    private String lastCommand(boolean subscribed) {
        return clients().stream()
                .filter(client -> subscribed != client.contains(" sub=0 "))
                .map(client -> client.replaceFirst(".* cmd=(\\S+).*", "$1"))
                .reduce((one, other) -> one + " and " + other)
                .orElse("none");
    }

    private List<String> clients() {
        return this.operator
                .commands()
                .clientList()
                .lines()
                .filter(SPEAKER.asMatchPredicate())
                .toList();
    }

    private void loseChannels() {
        for (String client : clients()) {
            Matcher speaker = SPEAKER.matcher(client);
            if (!client.contains(" sub=0 ") && speaker.matches()) {
                this.operator.commands().clientKill(KillArgs.Builder.id(Long.parseLong(speaker.group(1))));
            }
        }
    }

    @Test
    void messagesGoOnTheConnectionThatHears() {
        RedisNode speaker = speaker(ProtocolVersion.RESP3);
        RedisNode.get(speaker.publish(ROOM, Delivery.STANDARD, "one"));

        assertThat(lastCommand(true)).isEqualTo("publish");
        assertThat(lastCommand(false)).as("only asked whether it is there").isNotEqualTo("publish");
        await().untilAsserted(() -> assertThat(this.listener.data(ROOM)).containsExactly("one"));
    }

    @Test
    void aProtocolThatDoesNotAllowThatHasThemGoWithTheCommands() {
        RedisNode speaker = speaker(ProtocolVersion.RESP2).join(ROOM);
        RedisNode.get(speaker.publish(ROOM, Delivery.STANDARD, "one"));
        RedisNode.get(this.listener.publish(ROOM, Delivery.STANDARD, "two"));

        assertThat(lastCommand(false)).isEqualTo("publish");
        assertThat(lastCommand(true)).isEqualTo("subscribe");
        await().untilAsserted(() -> {
            assertThat(this.listener.data(ROOM)).containsExactly("one");
            assertThat(speaker.data(ROOM)).containsExactly("two");
        });
    }

    /** The connection is lost twenty times while messages are under way on it. */
    @Test
    void losingTheConnectionKeepsTheirOrderAndWhatWasTaken() {
        RedisNode speaker = speaker(ProtocolVersion.RESP3);
        Map<Integer, CompletionStage<Published>> published = new TreeMap<>();
        int number = 0;
        for (int losses = 0; losses < 20; losses++) {
            for (int i = 0; i < 50; i++) {
                published.put(number, speaker.publish(ROOM, Delivery.STANDARD, "" + number++));
            }
            loseChannels();
            for (int i = 0; i < 50; i++) {
                published.put(number, speaker.publish(ROOM, Delivery.STANDARD, "" + number++));
            }
            await().until(() -> !lastCommand(true).equals("none"));
        }
        List<String> taken = new ArrayList<>();
        published.forEach((which, outcome) -> {
            if (RedisNode.get(outcome).outcome() == BackplaneOutcome.PUBLISHED) {
                taken.add("" + which);
            }
        });

        await().untilAsserted(() -> assertThat(this.listener.data(ROOM)).containsAll(taken));
        assertThat(taken).as("most of them").hasSizeGreaterThan(1000);
        assertThat(this.listener.data(ROOM))
                .doesNotHaveDuplicates()
                .isSortedAccordingTo((one, other) -> Integer.compare(Integer.parseInt(one), Integer.parseInt(other)));
    }

    /** Nothing but an answer to a question tells: messages and beacons do not go that way. */
    @Test
    void aConnectionForCommandsThatOnlyLooksOpenIsOpenedAgain() throws IOException {
        TcpProxy proxy = open(new TcpProxy(this.redis));
        RedisNode speaker = open(RedisNode.start(
                new LettuceConnectionFactory(
                        new RedisStandaloneConfiguration("127.0.0.1", proxy.port()), RedisNode.client()),
                "publishing",
                null));

        proxy.mute("SCRIPT");
        assertThat(RedisNode.get(speaker.publish(ROOM, Delivery.RECOVERABLE, "unknown"))
                        .outcome())
                .isEqualTo(BackplaneOutcome.UNKNOWN);

        await().until(() -> RedisNode.get(speaker.publish(ROOM, Delivery.RECOVERABLE, "recorded"))
                        .outcome()
                == BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.listener.data(ROOM)).contains("unknown", "recorded"));
    }
}
