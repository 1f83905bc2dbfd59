package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.ProtocolFixture.Client;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RebalanceTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final ProtocolFixture fixture = new ProtocolFixture();
    private final Rebalance rebalance = new Rebalance(this.fixture.sessions, Duration.ofSeconds(10));

    @AfterEach
    void close() {
        this.rebalance.close();
        this.fixture.close();
    }

    private List<Client> clients(int count) {
        List<Client> clients = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            clients.add(this.fixture.anonymous());
        }
        return clients;
    }

    private static List<Client> told(List<Client> clients) {
        return clients.stream()
                .filter(client -> !client.frames("goaway").isEmpty())
                .toList();
    }

    private static long closed(List<Client> clients) {
        return clients.stream().filter(client -> !client.closeCodes().isEmpty()).count();
    }

    @Test
    void aShareIsToldAndClosedWith4500OneAfterTheOtherAndTheOthersStay() {
        List<Client> clients = clients(1000);
        assertThat(this.rebalance.shed(0.25)).isEqualTo(250);
        List<Client> told = told(clients);
        assertThat(told).hasSize(250);
        assertThat(told).allSatisfy(client -> {
            assertThat(client.frames("goaway").get(0).get("reason").stringValue())
                    .isEqualTo("rebalance");
            assertThat(client.frames("goaway").get(0).get("reconnectAfter").intValue())
                    .isBetween(0, 1000);
        });
        assertThat(this.fixture.sessions.accepting())
                .as("a rebalance is no drain")
                .isTrue();

        // 20 ms each: five seconds for all.
        long before = 0;
        for (int second = 1; second <= 5; second++) {
            this.fixture.ticker.advance(Duration.ofSeconds(1));
            int due = second * 50;
            await().atMost(PATIENCE).until(() -> closed(clients) >= due - 1);
            assertThat(closed(clients) - before).isBetween(48L, 52L);
            before = closed(clients);
        }
        await().atMost(PATIENCE).until(() -> this.rebalance.remaining() == 0);
        assertThat(told).allSatisfy(client -> assertThat(client.closeCodes()).containsExactly(4500));
        assertThat(closed(clients)).isEqualTo(250);
    }

    @Test
    void whoWasToldAlreadyCountsIntoTheShare() {
        List<Client> clients = clients(100);
        assertThat(this.rebalance.shed(0.1)).isEqualTo(10);
        assertThat(this.rebalance.shed(0.1)).as("the same once more").isZero();
        assertThat(this.rebalance.shed(0.3)).isEqualTo(20);
        assertThat(told(clients)).hasSize(30);
        assertThat(this.rebalance.remaining()).isEqualTo(30);
    }

    @Test
    void aQueueIsSentBeforeItsConnectionCloses() {
        Client alice = this.fixture.user("alice").join(1, "project:42");
        alice.transport.block();
        this.fixture.template.room("project:42").send("news", 1);
        await().atMost(PATIENCE).until(() -> alice.session.connection().queue().bytes() > 0);
        assertThat(this.rebalance.shed(1)).isOne();
        this.fixture.ticker.advance(Duration.ofSeconds(1));
        await().atMost(PATIENCE).until(() -> this.rebalance.remaining() == 0);
        assertThat(alice.closeCodes()).isEmpty();
        alice.transport.unblock();
        assertThat(alice.frames("event")).hasSize(1);
        assertThat(alice.frames("goaway")).hasSize(1);
        assertThat(alice.closeCodes()).containsExactly(4500);
    }

    @Test
    void whileTheNodeDrainsEverybodyGoesAnyway() {
        clients(10);
        this.fixture.sessions.draining(true);
        assertThat(this.rebalance.shed(0.5)).isZero();
    }

    @ParameterizedTest
    @ValueSource(doubles = {0, -0.1, 1.1, Double.NaN})
    void aShareThatIsNoneIsRefused(double share) {
        assertThatIllegalArgumentException().isThrownBy(() -> this.rebalance.shed(share));
    }
}
