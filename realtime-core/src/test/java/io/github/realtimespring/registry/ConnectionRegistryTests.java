package io.github.realtimespring.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.ConnectionRegistry.Admission;
import io.github.realtimespring.testing.TestEngine;
import io.github.realtimespring.testing.TestTransport;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionRegistryTests {

    private TestEngine engine = TestEngine.start();

    @AfterEach
    void invariantHolds() {
        assertThat(this.engine.connections.inconsistencies()).isEmpty();
        this.engine.close();
    }

    @Test
    void allowKeepsEveryConnectionOfAUser() {
        assertThat(admit("alice", DuplicatePolicy.ALLOW)).isEqualTo(Admission.ADMITTED);
        assertThat(admit("alice", DuplicatePolicy.ALLOW)).isEqualTo(Admission.ADMITTED);

        assertThat(this.engine.connections.connections(RoutingKey.user("alice")))
                .hasSize(2);
        assertThat(this.engine.connections.userCount()).isEqualTo(1);
    }

    @Test
    void aMembershipThatIsOverLeadsToNoConnectionEvenInAnOldSnapshot() {
        RoutingKey room = RoutingKey.room("a");
        Connection connection = this.engine.member(new TestTransport(), room);
        List<Membership> snapshot = this.engine.rooms.members(room);
        assertThat(snapshot).singleElement().extracting(Membership::connection).isSameAs(connection);

        connection.closed(CloseReason.NORMAL);

        assertThat(snapshot).singleElement().extracting(Membership::connection).isNull();
    }

    @Test
    void theKeysOfAConnectionAreInTheOrderOfItsJoinsAlsoAfterLeaves() {
        Connection connection = this.engine.connect(new TestTransport());
        for (String room : List.of("d", "b", "c", "a")) {
            this.engine.rooms.join(RoutingKey.room(room), connection.id());
        }
        this.engine.rooms.leave(RoutingKey.room("b"), connection.id());
        this.engine.rooms.join(RoutingKey.room("b"), connection.id());

        List<RoutingKey> order =
                List.of(RoutingKey.room("d"), RoutingKey.room("c"), RoutingKey.room("a"), RoutingKey.room("b"));
        assertThat(this.engine.rooms.keys(connection.id())).containsExactlyElementsOf(order);
        assertThat(this.engine.rooms.remove(connection.id()).keySet()).containsExactlyElementsOf(order);
    }

    @Test
    void newestWinsClosesTheOlderWith4409AndOtherUsersStay() {
        TestTransport older = new TestTransport();
        TestTransport other = new TestTransport();
        this.engine.connect(older, Identity.user("alice"));
        this.engine.connect(other, Identity.user("bob"));

        assertThat(admit("alice", DuplicatePolicy.NEWEST_WINS)).isEqualTo(Admission.ADMITTED);

        assertThat(older.closes()).containsExactly(CloseReason.SUPERSEDED);
        assertThat(other.closes()).isEmpty();
        assertThat(this.engine.connections.size()).isEqualTo(2);
    }

    @Test
    void rejectRefusesTheNewer() {
        assertThat(admit("alice", DuplicatePolicy.REJECT)).isEqualTo(Admission.ADMITTED);
        assertThat(admit("alice", DuplicatePolicy.REJECT)).isEqualTo(Admission.DUPLICATE);
        assertThat(this.engine.connections.size()).isEqualTo(1);
    }

    @Test
    void limitRefusesOneMoreAndTakesOneAfterACloseAgain() {
        DuplicatePolicy two = DuplicatePolicy.limit(2);
        Connection first = connection("alice", null);
        assertThat(this.engine.connections.admit(first, two)).isEqualTo(Admission.ADMITTED);
        assertThat(admit("alice", two)).isEqualTo(Admission.ADMITTED);
        assertThat(admit("alice", two)).isEqualTo(Admission.USER_LIMIT);

        first.close(CloseReason.NORMAL);
        assertThat(admit("alice", two)).isEqualTo(Admission.ADMITTED);
    }

    @Test
    void aPolicyPerDeviceLooksAtTheSameDeviceOnly() {
        DuplicatePolicy perDevice = DuplicatePolicy.REJECT.onSameDevice();

        assertThat(this.engine.connections.admit(connection("alice", "phone"), perDevice))
                .isEqualTo(Admission.ADMITTED);
        assertThat(this.engine.connections.admit(connection("alice", "laptop"), perDevice))
                .isEqualTo(Admission.ADMITTED);
        assertThat(this.engine.connections.admit(connection("alice", "phone"), perDevice))
                .isEqualTo(Admission.DUPLICATE);
    }

    @Test
    void usersOfDifferentTenantsAreDifferentUsers() {
        Identity acme = new Identity("alice", "acme", null, Map.of());
        Identity umbrella = new Identity("alice", "umbrella", null, Map.of());

        this.engine.connections.admit(this.engine.connection(new TestTransport(), acme), DuplicatePolicy.REJECT);
        assertThat(this.engine.connections.admit(
                        this.engine.connection(new TestTransport(), umbrella), DuplicatePolicy.REJECT))
                .isEqualTo(Admission.ADMITTED);
    }

    @Test
    void anonymousConnectionsAreNobodysDuplicates() {
        for (int i = 0; i < 3; i++) {
            assertThat(this.engine.connections.admit(
                            this.engine.connection(new TestTransport(), Identity.ANONYMOUS), DuplicatePolicy.REJECT))
                    .isEqualTo(Admission.ADMITTED);
        }
        assertThat(this.engine.connections.userCount()).isZero();
    }

    @Test
    void aFullServerRefusesAndHasAPlaceAfterAClose() {
        this.engine.close();
        this.engine = TestEngine.builder().maxConnections(1).maxPerUser(1).start();
        Connection first = connection("alice", null);
        this.engine.connections.admit(first, DuplicatePolicy.ALLOW);

        assertThat(this.engine.connections.hasPlace()).isFalse();
        assertThat(admit("bob", DuplicatePolicy.ALLOW)).isEqualTo(Admission.SERVER_FULL);
        first.closed(CloseReason.ABNORMAL);
        assertThat(this.engine.connections.hasPlace()).isTrue();
        assertThat(admit("bob", DuplicatePolicy.ALLOW)).isEqualTo(Admission.ADMITTED);
    }

    @Test
    void whoWaitsToBeTriedAgainTakesAPlaceUntilItIsAdmittedRefusedOrGone() {
        this.engine.close();
        this.engine = TestEngine.builder().maxConnections(2).start();
        Connection older = connection("alice", null);
        this.engine.connections.admit(older, DuplicatePolicy.REJECT);
        Connection newer = connection("alice", null);
        assertThat(this.engine.connections.admit(newer, DuplicatePolicy.REJECT)).isEqualTo(Admission.DUPLICATE);

        assertThat(this.engine.connections.await(newer)).isTrue();
        assertThat(this.engine.connections.hasPlace()).isFalse();
        assertThat(this.engine.connections.await(connection("bob", null))).isFalse();
        assertThat(admit("bob", DuplicatePolicy.REJECT)).isEqualTo(Admission.SERVER_FULL);

        assertThat(this.engine.connections.admit(newer, DuplicatePolicy.REJECT)).isEqualTo(Admission.DUPLICATE);
        assertThat(this.engine.connections.hasPlace()).isTrue();

        this.engine.connections.await(newer);
        older.closed(CloseReason.ABNORMAL);
        assertThat(this.engine.connections.admit(newer, DuplicatePolicy.REJECT)).isEqualTo(Admission.ADMITTED);
        Connection gone = connection("bob", null);
        assertThat(this.engine.connections.await(gone)).isTrue();
        assertThat(this.engine.connections.hasPlace()).isFalse();
        gone.closed(CloseReason.ABNORMAL);
        assertThat(this.engine.connections.hasPlace()).isTrue();
        this.engine.connections.await(gone);
        assertThat(this.engine.connections.hasPlace()).isTrue();
        newer.closed(CloseReason.ABNORMAL);
        assertThat(this.engine.connections.size()).isZero();
    }

    @Test
    void theLimitPerUserHoldsUnderEveryPolicyAndRefusalsKeepNoPlace() {
        this.engine.close();
        this.engine = TestEngine.builder().maxConnections(2).maxPerUser(1).start();
        admit("alice", DuplicatePolicy.ALLOW);

        for (int i = 0; i < 5; i++) {
            assertThat(admit("alice", DuplicatePolicy.ALLOW)).isEqualTo(Admission.USER_LIMIT);
        }
        assertThat(admit("alice", DuplicatePolicy.NEWEST_WINS)).isEqualTo(Admission.ADMITTED);
        assertThat(admit("bob", DuplicatePolicy.ALLOW)).isEqualTo(Admission.ADMITTED);
    }

    @ParameterizedTest
    @ValueSource(strings = {"newest-wins", "reject", "limit"})
    void whenManyArriveAtOnceExactlyAsManyStayAsThePolicySays(String rule) throws Exception {
        DuplicatePolicy policy = switch (rule) {
            case "newest-wins" -> DuplicatePolicy.NEWEST_WINS;
            case "reject" -> DuplicatePolicy.REJECT;
            default -> DuplicatePolicy.limit(3);
        };
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            for (int round = 0; round < 200; round++) {
                String user = "user" + round;
                CountDownLatch start = new CountDownLatch(1);
                List<Future<Admission>> admissions = new ArrayList<>();
                for (int i = 0; i < 8; i++) {
                    admissions.add(threads.submit(() -> {
                        start.await();
                        return admit(user, policy);
                    }));
                }
                start.countDown();
                for (Future<Admission> admission : admissions) {
                    admission.get(10, TimeUnit.SECONDS);
                }
                assertThat(this.engine.connections.connections(RoutingKey.user(user)))
                        .as("round %s", round)
                        .hasSize(rule.equals("limit") ? 3 : 1);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    private Admission admit(String user, DuplicatePolicy policy) {
        return this.engine.connections.admit(connection(user, null), policy);
    }

    private Connection connection(String user, @Nullable String device) {
        return this.engine.connection(new TestTransport(), new Identity(user, null, device, Map.of()));
    }
}
