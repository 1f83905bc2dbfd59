package io.github.realtimespring.test.redis;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Received;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Others can write to the server, too: what no node of the application wrote is counted, and nobody gets it. */
class RedisInjectionTests {

    private static final RoutingKey ROOM = RoutingKey.room("project:42").withTenant("acme");
    private static final RoutingKey OTHERS = RoutingKey.room("project:42").withTenant("evil");
    private static final String ROOM_CHANNEL = ":acme:{room:project:42}:live";
    private static final String OTHERS_CHANNEL = ":evil:{room:project:42}:live";

    private static RedisServer redis;

    @BeforeAll
    static void startRedis() {
        redis = RedisServer.shared();
    }

    @AfterAll
    static void stopRedis() {
        redis.close();
    }

    @Test
    void whatIsNoEnvelopeIsCountedByItsReasonAndDoesNoHarm() {
        String application = "injected";
        try (RawRedis mallory = new RawRedis(redis);
                RedisNode one = RedisNode.start(redis, application);
                RedisNode two = RedisNode.start(redis, application)) {
            two.join(ROOM).join(OTHERS);
            List<byte[]> heard = mallory.listen(application + ROOM_CHANNEL);
            one.publish(ROOM, Delivery.STANDARD, "e1");
            one.publish(ROOM, Delivery.RECOVERABLE, "e2");
            await().until(() -> heard.size() == 2 && two.data(ROOM).size() == 2);
            byte[] sent = heard.get(0);
            byte[] recorded = heard.get(1);
            Random random = new Random(7);

            for (int i = 0; i < 10; i++) {
                byte[] noise = new byte[1 + random.nextInt(300)];
                random.nextBytes(noise);
                mallory.publish(application + ROOM_CHANNEL, noise);
                mallory.publish(application + ROOM_CHANNEL, Arrays.copyOf(sent, sent.length - 1 - i));
                mallory.publish(application + ROOM_CHANNEL, Arrays.copyOf(recorded, recorded.length - 1 - i));
                // A cursor in front of what has none, and none in front of what has one.
                mallory.publish(application + ROOM_CHANNEL, join("R\u0008abcdef.9", sent));
                mallory.publish(application + ROOM_CHANNEL, join("R\u00ff", sent));
                mallory.publish(application + ROOM_CHANNEL, new byte[(2 << 20) + 1 + i]);
                mallory.publish(application + OTHERS_CHANNEL, sent);
                mallory.publish(application + OTHERS_CHANNEL, recorded);
                mallory.publish(application + ":beacons", noise);
            }
            mallory.publish(application + ROOM_CHANNEL, sent);
            one.publish(ROOM, Delivery.STANDARD, "e3");

            await().untilAsserted(() -> assertThat(two.data(ROOM)).containsExactly("e1", "e2", "e3"));
            assertThat(two.data(OTHERS)).isEmpty();
            assertThat(two.counts.of(Received.MALFORMED)).isEqualTo(60);
            assertThat(two.counts.of(Received.OVERSIZED)).isEqualTo(10);
            assertThat(two.counts.of(Received.FOREIGN)).isEqualTo(20);
            assertThat(two.counts.of(Received.DUPLICATE)).isEqualTo(1);
            assertThat(two.counts.of(Received.DELIVERED)).isEqualTo(3);
            assertThat(two.counts.lost() + two.counts.unknownLosses()).isZero();
        }
    }

    @Test
    void withASecretNothingUnsignedIsRead() {
        String application = "signed";
        byte[] secret = RawRedis.bytes("a secret of some length");
        try (RawRedis mallory = new RawRedis(redis);
                RedisNode unsigned = RedisNode.start(redis, application, null);
                RedisNode one = RedisNode.start(redis, application, secret);
                RedisNode two = RedisNode.start(redis, application, secret)) {
            two.join(ROOM);
            List<byte[]> heard = mallory.listen(application + ROOM_CHANNEL);
            RedisNode.get(unsigned.publish(ROOM, Delivery.STANDARD, "unsigned"));
            await().until(() -> heard.size() == 1);
            long beacons = two.counts.of(Received.UNSIGNED);
            for (int i = 0; i < 5; i++) {
                mallory.publish(application + ROOM_CHANNEL, heard.get(0));
            }
            one.publish(ROOM, Delivery.STANDARD, "signed");

            await().untilAsserted(() -> assertThat(two.data(ROOM)).containsExactly("signed"));
            assertThat(two.counts.of(Received.UNSIGNED) - beacons).isGreaterThanOrEqualTo(5);
        }
    }

    private static byte[] join(String text, byte[] rest) {
        byte[] head = text.getBytes(StandardCharsets.ISO_8859_1);
        byte[] all = Arrays.copyOf(head, head.length + rest.length);
        System.arraycopy(rest, 0, all, head.length, rest.length);
        return all;
    }
}
