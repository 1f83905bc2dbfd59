package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.protocol.ProtocolFixture.Client;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What clients ask of presence and what they are told. */
class PresenceTests {

    private static final RoutingKey ROOM = ProtocolFixture.ROOM;
    private static final RoutingKey PRESENCE = RoutingKey.parse("presence:project:42");

    private final ProtocolFixture fixture = new ProtocolFixture();

    @AfterEach
    void stop() {
        this.fixture.close();
    }

    @Test
    void whoAskedIsToldWhatChangesAfterTheVersionItJoinedAt() {
        Client alice = watching("alice");
        this.fixture.settlePresence();
        long version = alice.frames("presence").get(0).get("version").longValue();
        this.fixture.user("bob").join(1, "project:42");
        this.fixture.settlePresence();
        List<JsonNode> told = alice.frames("presence");
        assertThat(told).hasSize(2);
        assertThat(told.get(1).get("version").longValue()).isEqualTo(version + 1);
        assertThat(told.get(1).get("joined").get(0).get("user").stringValue()).isEqualTo("bob");
        assertThat(told.get(1).get("count").intValue()).isEqualTo(2);
    }

    @Test
    void whoDidNotAskIsToldNothing() {
        Client bob = this.fixture.user("bob").join(1, "project:42");
        watching("alice");
        this.fixture.settlePresence();
        assertThat(bob.frames("presence")).isEmpty();
        assertThat(bob.answer(1).has("members")).isFalse();
    }

    @Test
    void whoOnlyWatchesIsNotInTheRoom() {
        Client eve = this.fixture.user("eve");
        eve.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
        assertThat(eve.answer(1).toString())
                .isEqualTo(
                        "{\"type\":\"joined\",\"id\":1,\"room\":\"project:42\",\"version\":0,\"members\":[],\"count\":0}");
        assertThat(eve.isMember(ROOM)).isFalse();
        this.fixture.user("bob").join(1, "project:42");
        this.fixture.settlePresence();
        assertThat(eve.frames("presence")).hasSize(1);
        assertThat(eve.frames("presence").get(0).get("members").toString())
                .isEqualTo("[{\"user\":\"bob\",\"state\":\"online\"}]");
        assertThat(this.fixture.controller.calls).noneMatch(call -> call.contains("eve") && call.startsWith("joined"));
    }

    @Test
    void whoMayNotEnterMayNotWatch() {
        Client mallory = this.fixture.user("mallory");
        this.fixture.controller.access = id -> CompletableFuture.completedFuture(false);
        mallory.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
        mallory.assertError(1, "forbidden");
        assertThat(mallory.isMember(PRESENCE)).isFalse();
    }

    @Test
    void askingOnceMoreTellsTheWholeAgain() {
        Client alice = watching("alice");
        this.fixture.user("bob").join(1, "project:42");
        this.fixture.settlePresence();
        alice.send("{'type':'join','id':2,'room':'project:42','presence':'only'}");
        assertThat(alice.answer(2).get("members").size()).isEqualTo(2);
        assertThat(alice.answer(2).get("version").longValue())
                .isEqualTo(alice.frames("presence").get(0).get("version").longValue());
        assertThat(alice.isMember(ROOM)).isTrue();
        this.fixture.user("carol").join(1, "project:42");
        this.fixture.settlePresence();
        assertThat(alice.frames("presence")).hasSize(2);
    }

    @Test
    void aLeaveEndsTheWatchToo() {
        Client alice = watching("alice");
        alice.send("{'type':'leave','id':2,'room':'project:42'}");
        alice.assertAnswered(2, "left");
        assertThat(alice.isMember(PRESENCE)).isFalse();
        Client eve = this.fixture.user("eve");
        eve.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
        eve.send("{'type':'leave','id':2,'room':'project:42'}");
        eve.assertAnswered(2, "left");
        assertThat(eve.isMember(PRESENCE)).isFalse();
    }

    @Test
    void whoIsEvictedWatchesNoLonger() {
        Client alice = watching("alice");
        Client watcher = this.fixture.user("alice");
        watcher.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
        assertThat(this.fixture.rooms.evict(ROOM, "alice")).hasSize(2);
        this.fixture.executor.runAll();
        assertThat(alice.isMember(PRESENCE)).isFalse();
        assertThat(watcher.isMember(PRESENCE)).isFalse();
        for (Client client : List.of(alice, watcher)) {
            assertThat(client.frames("left"))
                    .singleElement()
                    .satisfies(
                            left -> assertThat(left.get("code").stringValue()).isEqualTo("evicted"));
        }
    }

    @Test
    void aConnectionThatIsEvictedWatchesNoLonger() {
        Client watcher = this.fixture.user("alice");
        watcher.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
        assertThat(this.fixture.rooms.evict(ROOM, watcher.session.connection())).isTrue();
        this.fixture.executor.runAll();
        assertThat(watcher.isMember(PRESENCE)).isFalse();
        assertThat(watcher.frames("left")).hasSize(1);
        assertThat(this.fixture.rooms.evict(ROOM, watcher.session.connection())).isFalse();
    }

    @Test
    void whoWasToldThatAWatchTookTooLongDoesNotWatch() {
        CompletableFuture<Void> inForce = new CompletableFuture<>();
        try (ProtocolFixture fixture = new ProtocolFixture(
                settings -> settings, null, local -> new SlowBackplane(local, PRESENCE, inForce), null)) {
            Client alice = fixture.user("alice");
            alice.send("{'type':'join','id':1,'room':'project:42','presence':'only'}");
            fixture.advance(java.time.Duration.ofSeconds(31));
            alice.assertError(1, "timeout");
            inForce.complete(null);
            fixture.executor.runAll();
            assertThat(alice.isMember(PRESENCE)).isFalse();
            assertThat(fixture.presence.watched()).isZero();
        }
    }

    @Test
    void aJoinThatFailsLeavesNoWatch() {
        this.fixture.controller.joined = id -> CompletableFuture.failedFuture(new IllegalStateException("no"));
        Client alice = this.fixture.user("alice");
        alice.send("{'type':'join','id':1,'room':'project:42','presence':true}");
        assertThat(alice.answer(1).get("type").stringValue()).isEqualTo("error");
        assertThat(alice.isMember(PRESENCE)).isFalse();
    }

    @Test
    void aClientSaysThatNobodyIsLooking() {
        Client alice = watching("alice");
        this.fixture.settlePresence();
        alice.send("{'type':'presence','room':'project:42','state':'idle'}");
        this.fixture.settlePresence();
        assertThat(alice.frames("presence").get(1).get("changed").toString())
                .isEqualTo("[{\"user\":\"alice\",\"state\":\"idle\"}]");
        alice.send("{'type':'presence','room':'project:7','state':'idle'}");
        assertThat(alice.frames("error").get(0).get("code").stringValue()).isEqualTo("not-joined");
    }

    @Test
    void whatTheApplicationTellsOfAMemberIsTold() {
        this.fixture.members = (connection, room, join) -> Map.of("name", connection.user() + " in " + room.id());
        Client alice = watching("alice");
        assertThat(alice.answer(1).get("members").get(0).get("data").toString())
                .isEqualTo("{\"name\":\"alice in project:42\"}");
        this.fixture.user("bob").join(1, "project:42");
        this.fixture.settlePresence();
        JsonNode members = alice.frames("presence").get(0).get("members");
        assertThat(members.get(1).get("data").get("name").stringValue()).isEqualTo("bob in project:42");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "[1,2]",
                "'text'",
                "17",
                "{'__proto__':{'admin':true}}",
                "{'a':{'b':[{'__proto__':1}]}}",
                "{'a\\n\\r\\u0000':'\\u2028\\u202e\\ud800'}"
            })
    void hostileDataOfAMemberIsRefusedOrHarmless(String data) {
        this.fixture.members = (connection, room, join) -> join;
        Client alice = watching("watcher");
        Client mallory = this.fixture.user("mallory");
        mallory.send("{'type':'join','id':1,'room':'project:42','data':" + data + "}");
        if (data.contains("u2028")) {
            this.fixture.settlePresence();
            assertThat(alice.frames("presence")).isNotEmpty();
            assertThat(alice.transport.received()).noneMatch(frame -> frame.contains("\n"));
        } else {
            mallory.assertError(1, "invalid-payload");
            assertThat(mallory.isMember(ROOM)).isFalse();
        }
    }

    @Test
    void dataOfAMemberThatIsTooLargeIsRefused() {
        this.fixture.members = (connection, room, join) -> join;
        Client mallory = this.fixture.user("mallory");
        mallory.send("{'type':'join','id':1,'room':'project:42','data':{'x':'" + "x".repeat(2000) + "'}}");
        mallory.assertError(1, "too-large");
        assertThat(mallory.isMember(ROOM)).isFalse();
        this.fixture.members = (connection, room, join) -> {
            Map<String, Object> endless = new HashMap<>();
            endless.put("self", endless);
            return endless;
        };
        mallory.send("{'type':'join','id':2,'room':'project:42'}");
        mallory.assertError(2, "invalid-payload");
        this.fixture.members = (connection, room, join) -> {
            throw new RealtimeException(ErrorCode.CONFLICT, "no");
        };
        mallory.send("{'type':'join','id':3,'room':'project:42'}");
        mallory.assertError(3, "conflict");
    }

    @Test
    void aWatchEndsWithItsConnection() {
        Client alice = watching("alice");
        alice.session.closed(CloseReason.ABNORMAL);
        this.fixture.executor.runAll();
        assertThat(this.fixture.registry.size(PRESENCE)).isZero();
        assertThat(this.fixture.presence.watched()).isZero();
    }

    @Test
    void watchesAreBoundedLikeRooms() {
        Client alice = this.fixture.user("alice");
        for (int i = 1; i <= 101; i++) {
            this.fixture.ticker.advance(java.time.Duration.ofMillis(100));
            alice.send("{'type':'join','id':" + i + ",'room':'project:" + i + "','presence':'only'}");
        }
        alice.assertAnswered(100, "joined");
        alice.assertError(101, "limit");
    }

    private Client watching(String user) {
        Client client = this.fixture.user(user);
        client.send("{'type':'join','id':1,'room':'project:42','presence':true}");
        client.assertAnswered(1, "joined");
        return client;
    }
}
