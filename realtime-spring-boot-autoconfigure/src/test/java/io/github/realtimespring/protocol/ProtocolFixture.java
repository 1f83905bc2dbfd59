package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.fanout.Replayer;
import io.github.realtimespring.handler.EventTypes;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.handler.HandlerSettings;
import io.github.realtimespring.handler.RealtimeEngine;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.handler.RoomHandlers;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceObserver;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceSettings;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.shard.LocalShardRouter;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import org.springframework.beans.factory.support.DefaultListableBeanFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The protocol over the whole engine of one process, with fake transports, a fake clock and an executor of the test. */
final class ProtocolFixture implements AutoCloseable {

    static final JsonMapper JSON = JsonMapper.builder().build();
    static final RoutingKey ROOM = RoutingKey.room("project:42");

    final TestTicker ticker = new TestTicker();
    final ManualExecutor executor = new ManualExecutor();
    final TestRooms controller = new TestRooms();
    final RoomRegistry registry = new RoomRegistry();
    final ConnectionRegistry connections;
    final RoomService rooms;
    final MemoryStreams streams;
    final Replayer replayer;
    final JsonFrames frames = new JsonFrames(JSON);
    final FanoutService fanout;
    final RealtimeTemplate template;
    final ProtocolSessions sessions;
    final PresenceService presence;
    PresenceCustomizer members = (connection, room, join) -> null;
    final RecordingListener listener = new RecordingListener();
    private final LocalFanout local;

    ProtocolFixture() {
        this(settings -> settings);
    }

    ProtocolFixture(UnaryOperator<ProtocolSettings> settings) {
        this(settings, null, null, null);
    }

    /**
     * @param authenticator of {@code auth} frames, or {@code null}
     * @param backplane made of the local one, or {@code null} for the local one itself
     * @param threads runs handlers with real time; {@code null} for the manual executor and the fake time
     */
    ProtocolFixture(
            UnaryOperator<ProtocolSettings> settings,
            RealtimeTokenAuthenticator authenticator,
            Function<BackplaneAdapter, BackplaneAdapter> backplane,
            Executor threads) {
        this(settings, authenticator, backplane, threads, HistoryLimits.DEFAULTS, 256);
    }

    /** @param recoveryLimit how many events a join may have missed */
    ProtocolFixture(
            UnaryOperator<ProtocolSettings> settings,
            RealtimeTokenAuthenticator authenticator,
            Function<BackplaneAdapter, BackplaneAdapter> backplane,
            Executor threads,
            HistoryLimits history,
            int recoveryLimit) {
        this(settings, authenticator, backplane, threads, history, recoveryLimit, Places.inProcess(), null);
    }

    /** One of several nodes that share a store of places. */
    ProtocolFixture(Places places) {
        this(places, null);
    }

    /** @param backplane made of the local one, or {@code null} for the local one itself */
    ProtocolFixture(Places places, Function<BackplaneAdapter, BackplaneAdapter> backplane) {
        this(settings -> settings, null, backplane, null, HistoryLimits.DEFAULTS, 256, places, null);
    }

    /** One of several nodes that share idempotency keys, and so give names that are not known on each of them. */
    ProtocolFixture(IdempotencyStore keys) {
        this(settings -> settings, null, null, null, HistoryLimits.DEFAULTS, 256, Places.inProcess(), keys);
    }

    private ProtocolFixture(
            UnaryOperator<ProtocolSettings> settings,
            RealtimeTokenAuthenticator authenticator,
            Function<BackplaneAdapter, BackplaneAdapter> backplane,
            Executor threads,
            HistoryLimits history,
            int recoveryLimit,
            Places places,
            IdempotencyStore keys) {
        Ticker ticker = threads == null ? this.ticker : Ticker.SYSTEM;
        Executor handlers = threads == null ? this.executor : threads;
        this.connections = new ConnectionRegistry(this.registry, 1_000_000, 1_000);
        this.streams = new MemoryStreams(history, ticker);
        BackplaneAdapter localBackplane = new LocalBackplane(this.streams);
        BackplaneAdapter adapter = backplane == null ? localBackplane : backplane.apply(localBackplane);
        this.local = new LocalFanout(
                this.registry, this.frames, null, FanoutSettings.DEFAULTS, FanoutListener.none(), ticker);
        this.fanout = new FanoutService(
                "test-node",
                this.local,
                adapter,
                this.streams,
                this.connections,
                key -> null,
                FanoutListener.none(),
                10_000,
                Duration.ofMinutes(2),
                ticker);
        this.rooms = new RoomService(this.registry, this.connections, adapter, this.streams, recoveryLimit);
        this.replayer =
                new Replayer(this.streams, this.registry, this.frames, null, threads == null ? Runnable::run : threads);
        this.presence = new PresenceService(
                new PresenceService.Engine(
                        "test-node", this.registry, this.connections, this.rooms, this.local, this.fanout, adapter),
                new LocalShardRouter("test-node", 16),
                new MemoryPresenceStore(ticker),
                this.frames,
                PresenceSettings.DEFAULTS,
                PresenceObserver.none(),
                ticker);
        this.template = new RealtimeTemplate(
                new RealtimeEngine(this.fanout, this.frames, this.rooms, this.connections, this.presence, adapter),
                new EventTypes(),
                event -> {},
                handlers,
                threads == null ? this.ticker : InstantSource.system(),
                false);
        DefaultListableBeanFactory beans = new DefaultListableBeanFactory();
        beans.registerSingleton("testRooms", this.controller);
        beans.registerSingleton("boards", new TestRooms.Boards());
        RoomHandlers roomHandlers = new RoomHandlers(
                beans,
                this.template,
                List.of(),
                new HandlerSettings(
                        JSON,
                        org.springframework.core.convert.support.DefaultConversionService.getSharedInstance(),
                        null,
                        List.of(),
                        Duration.ofSeconds(150)),
                HandlerListener.none());
        roomHandlers.afterSingletonsInstantiated();
        this.sessions = new ProtocolSessions(
                new ProtocolSessions.Engine(
                        this.registry,
                        this.connections,
                        this.rooms,
                        this.presence,
                        this.replayer,
                        places,
                        (connection, room, join) -> this.members.data(connection, room, join)),
                roomHandlers,
                this.template,
                this.frames,
                settings.apply(ProtocolSettings.DEFAULTS),
                authenticator,
                ConnectionListener.none(),
                this.listener,
                new ProtocolSessions.Runtime(handlers, ticker, threads == null ? this.ticker : InstantSource.system()),
                keys);
        this.fanout.start();
    }

    Client anonymous() {
        return client(Handshake.anonymous());
    }

    Client user(String name) {
        return client(handshake(name, null));
    }

    Client client(Handshake handshake) {
        TestTransport transport = new TestTransport();
        ProtocolSession session = this.sessions.open(handshake, transport);
        transport.serves(session);
        return new Client(session, transport);
    }

    static Handshake handshake(String user, Instant expiresAt) {
        return new Handshake(new Named(user), Identity.user(user), null, expiresAt);
    }

    static Handshake handshake(String user, String tenant, DuplicatePolicy policy) {
        return new Handshake(new Named(user), new Identity(user, tenant, null, java.util.Map.of()), policy, null);
    }

    record Named(String getName) implements Principal {
        @Override
        public String getName() {
            return this.getName;
        }
    }

    /** Time goes by and the deadlines are looked at. */
    void advance(Duration duration) {
        this.ticker.advance(duration);
        this.sessions.visit();
        this.executor.runAll();
    }

    /** Whatever changed has lasted, and everybody was told. */
    void settlePresence() {
        for (int i = 0; i < 10; i++) {
            this.presence.tick();
            this.ticker.advance(Duration.ofMillis(100));
        }
        this.presence.tick();
        Awaitility.await()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(1))
                .until(() -> this.fanout.pending() == 0);
    }

    void assertConsistent() {
        assertThat(this.connections.inconsistencies()).isEmpty();
    }

    @Override
    public void close() {
        this.sessions.close();
        this.local.close();
    }

    static ProtocolSettings queue(ProtocolSettings s, QueueLimits queue) {
        return new ProtocolSettings(
                s.inboundRate(),
                s.inboundBurst(),
                s.mailbox(),
                s.maxJsonDepth(),
                s.maxFrameBytes(),
                s.firstJoinTimeout(),
                s.handlerTimeout(),
                s.maxRooms(),
                s.maxMembers(),
                s.heartbeatInterval(),
                s.heartbeatTimeout(),
                s.reconnectMin(),
                s.reconnectMax(),
                s.sessionWindow(),
                queue,
                s.duplicates(),
                s.presence());
    }

    static ProtocolSettings handlerTimeout(ProtocolSettings s, Duration timeout) {
        return new ProtocolSettings(
                s.inboundRate(),
                s.inboundBurst(),
                s.mailbox(),
                s.maxJsonDepth(),
                s.maxFrameBytes(),
                s.firstJoinTimeout(),
                timeout,
                s.maxRooms(),
                s.maxMembers(),
                s.heartbeatInterval(),
                s.heartbeatTimeout(),
                s.reconnectMin(),
                s.reconnectMax(),
                s.sessionWindow(),
                s.queue(),
                s.duplicates(),
                s.presence());
    }

    static ProtocolSettings limits(ProtocolSettings s, int rate, int burst, int mailbox, int rooms, int members) {
        return new ProtocolSettings(
                rate,
                burst,
                mailbox,
                s.maxJsonDepth(),
                s.maxFrameBytes(),
                s.firstJoinTimeout(),
                s.handlerTimeout(),
                rooms,
                members,
                s.heartbeatInterval(),
                s.heartbeatTimeout(),
                s.reconnectMin(),
                s.reconnectMax(),
                s.sessionWindow(),
                s.queue(),
                s.duplicates(),
                s.presence());
    }

    /** One client: what it sends, what it got. */
    final class Client {

        final ProtocolSession session;
        final TestTransport transport;

        Client(ProtocolSession session, TestTransport transport) {
            this.session = session;
            this.transport = transport;
        }

        /** Sends a frame, single quotes in place of double ones, and lets everything run. */
        Client send(String frame) {
            queue(frame);
            ProtocolFixture.this.executor.runAll();
            return this;
        }

        /** Sends a frame and lets nothing run. */
        Client queue(String frame) {
            this.session.receive(frame.replace('\'', '"'));
            return this;
        }

        Client join(int id, String room) {
            return send("{'type':'join','id':" + id + ",'room':'" + room + "'}");
        }

        List<JsonNode> frames() {
            List<JsonNode> frames = new ArrayList<>();
            this.transport.received().forEach(text -> frames.add(JSON.readTree(text)));
            return frames;
        }

        List<JsonNode> frames(String type) {
            return frames().stream()
                    .filter(frame -> frame.get("type").stringValue().equals(type))
                    .toList();
        }

        /**
         * The only answer to an id, awaited: while a pass of the fanout writes to this client, its thread also writes
         * what others queue meanwhile.
         */
        JsonNode answer(long id) {
            Awaitility.await()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(1))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> !answers(id).isEmpty());
            List<JsonNode> answers = answers(id);
            assertThat(answers)
                    .as("answers to %s in %s", id, this.transport.received())
                    .hasSize(1);
            return answers.get(0);
        }

        List<JsonNode> answers(long id) {
            return frames().stream()
                    .filter(frame -> !frame.get("type").stringValue().equals("event"))
                    .filter(frame -> frame.has("id") && frame.get("id").longValue() == id)
                    .toList();
        }

        void assertError(long id, String code) {
            JsonNode error = answer(id);
            assertThat(error.get("type").stringValue()).as("%s", error).isEqualTo("error");
            assertThat(error.get("code").stringValue()).as("%s", error).isEqualTo(code);
        }

        void assertAnswered(long id, String type) {
            assertThat(answer(id).get("type").stringValue())
                    .as("%s", answer(id))
                    .isEqualTo(type);
        }

        Client awaitFrames(String type, int count) {
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(frames(type)).hasSize(count));
            return this;
        }

        List<Integer> closeCodes() {
            return this.transport.closes().stream().map(reason -> reason.code()).toList();
        }

        boolean isMember(RoutingKey key) {
            return ProtocolFixture.this.registry.isMember(
                    key, this.session.connection().id());
        }
    }
}
