package io.github.realtimespring.handler;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.backplane.BackplaneAdapter;
import io.github.realtimespring.backplane.BackplaneListener;
import io.github.realtimespring.backplane.BackplaneMessage;
import io.github.realtimespring.backplane.BackplaneStatus;
import io.github.realtimespring.backplane.LocalBackplane;
import io.github.realtimespring.backplane.Published;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.fanout.FanoutService;
import io.github.realtimespring.fanout.FanoutSettings;
import io.github.realtimespring.fanout.LocalFanout;
import io.github.realtimespring.history.HistoryLimits;
import io.github.realtimespring.history.MemoryStreams;
import io.github.realtimespring.presence.MemoryPresenceStore;
import io.github.realtimespring.presence.PresenceObserver;
import io.github.realtimespring.presence.PresenceService;
import io.github.realtimespring.presence.PresenceSettings;
import io.github.realtimespring.protocol.JsonFrames;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.RoomRegistry;
import io.github.realtimespring.room.RoomService;
import io.github.realtimespring.shard.LocalShardRouter;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.core.convert.support.DefaultConversionService;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.validation.Validator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** An application context with handlers over the whole engine of one process and fake transports. */
final class HandlerFixture implements AutoCloseable {

    static final JsonMapper JSON = JsonMapper.builder().build();

    final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    final List<Object> published = new CopyOnWriteArrayList<>();
    final SwitchedBackplane backplane;
    final ConnectionRegistry connections;
    final RoomRegistry registry = new RoomRegistry();
    final RoomService rooms;
    final RealtimeTemplate template;
    private final LocalFanout local;
    private final ExecutorService executor = new ScheduledThreadPoolExecutor(2);
    private final List<HandlerMethodArgumentResolver> resolvers = new ArrayList<>();
    private @Nullable Validator validator;
    private Duration timeout = Duration.ofSeconds(10);
    private HandlerListener listener = HandlerListener.none();
    private @Nullable RoomHandlers handlers;

    HandlerFixture(Class<?>... classes) {
        this(false, new EventTypes(), classes);
    }

    HandlerFixture(boolean tenants, EventTypes types, Class<?>... classes) {
        JsonFrames frames = new JsonFrames(JSON);
        this.connections = new ConnectionRegistry(this.registry, 1000, 1000);
        MemoryStreams streams = new MemoryStreams(HistoryLimits.DEFAULTS, Ticker.SYSTEM);
        this.backplane = new SwitchedBackplane(new LocalBackplane(streams));
        this.local = new LocalFanout(
                this.registry, frames, null, FanoutSettings.DEFAULTS, FanoutListener.none(), Ticker.SYSTEM);
        FanoutService fanout = new FanoutService(
                "node",
                this.local,
                this.backplane,
                streams,
                this.connections,
                key -> null,
                FanoutListener.none(),
                1000,
                Duration.ofMinutes(2),
                Ticker.SYSTEM);
        fanout.start();
        this.rooms = new RoomService(this.registry, this.connections, this.backplane, streams, 256);
        this.template = new RealtimeTemplate(
                new RealtimeEngine(
                        fanout,
                        frames,
                        this.rooms,
                        this.connections,
                        new PresenceService(
                                new PresenceService.Engine(
                                        "node",
                                        this.registry,
                                        this.connections,
                                        this.rooms,
                                        this.local,
                                        fanout,
                                        this.backplane),
                                new LocalShardRouter("node", 16),
                                new MemoryPresenceStore(Ticker.SYSTEM),
                                frames,
                                PresenceSettings.DEFAULTS,
                                PresenceObserver.none(),
                                Ticker.SYSTEM),
                        this.backplane),
                types,
                event -> {
                    this.published.add(event);
                    if (this.context.isRunning()) {
                        this.context.publishEvent(event);
                    }
                },
                this.executor,
                InstantSource.system(),
                tenants);
        if (classes.length > 0) {
            this.context.register(classes);
        }
        this.context.registerBean(RealtimeTemplate.class, () -> this.template);
        this.context.registerBean(BroadcastToListener.class, () -> new BroadcastToListener(this.template));
        this.context.registerBean(
                RoomHandlers.class,
                () -> new RoomHandlers(
                        this.context,
                        this.template,
                        this.context
                                .getBeanProvider(RoomAccessRule.class)
                                .orderedStream()
                                .toList(),
                        new HandlerSettings(
                                JSON,
                                DefaultConversionService.getSharedInstance(),
                                this.validator,
                                this.resolvers,
                                this.timeout),
                        this.listener));
    }

    HandlerFixture validator(Validator validator) {
        this.validator = validator;
        return this;
    }

    HandlerFixture resolver(HandlerMethodArgumentResolver resolver) {
        this.resolvers.add(resolver);
        return this;
    }

    HandlerFixture timeout(Duration timeout) {
        this.timeout = timeout;
        return this;
    }

    HandlerFixture listener(HandlerListener listener) {
        this.listener = listener;
        return this;
    }

    HandlerFixture start() {
        this.context.refresh();
        this.handlers = this.context.getBean(RoomHandlers.class);
        return this;
    }

    RoomHandlers handlers() {
        if (this.handlers == null) {
            start();
        }
        return this.handlers;
    }

    /** A connection of a user by name; anonymous without one. */
    Client connect(@Nullable String user) {
        return connect(user == null ? null : new User(user), null);
    }

    Client connect(@Nullable Principal principal, @Nullable String tenant) {
        Transport transport = new Transport();
        Identity identity = new Identity(principal == null ? null : principal.getName(), tenant, null, Map.of());
        Connection connection = new Connection(
                ConnectionId.random(),
                identity,
                transport,
                QueueLimits.DEFAULTS,
                new JsonFrames(JSON),
                ReplaySource.none(),
                this.rooms,
                Ticker.SYSTEM);
        this.connections.admit(connection, DuplicatePolicy.ALLOW);
        return new Client(new RealtimeConnection(connection, principal, this.template), transport);
    }

    static <T> T await(CompletionStage<T> stage) {
        return stage.toCompletableFuture().orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** What a call was refused with; the stage itself must fail with it, not with a wrapper. */
    static RealtimeException refusal(CompletionStage<?> stage) {
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        stage.whenComplete((value, thrown) ->
                failure.complete(thrown == null ? new AssertionError("not refused, but answered " + value) : thrown));
        Throwable thrown = failure.orTimeout(20, TimeUnit.SECONDS).join();
        if (thrown instanceof RealtimeException refused) {
            return refused;
        }
        throw new AssertionError("expected a RealtimeException", thrown);
    }

    static Throwable failure(CompletionStage<?> stage) {
        try {
            await(stage);
        } catch (CompletionException ex) {
            return ex.getCause();
        } catch (RuntimeException ex) {
            return ex;
        }
        throw new AssertionError("did not fail");
    }

    @Override
    public void close() {
        this.context.close();
        this.backplane.close();
        this.local.close();
        this.executor.shutdownNow();
    }

    record User(String name) implements Principal {
        @Override
        public String getName() {
            return this.name;
        }
    }

    /** A connection and what its peer has read. */
    final class Client {

        final RealtimeConnection connection;
        private final Transport transport;

        Client(RealtimeConnection connection, Transport transport) {
            this.connection = connection;
            this.transport = transport;
        }

        RoomCall call(String room) {
            return call(room, null);
        }

        RoomCall call(String room, @Nullable Object joinData) {
            RoomMatch match = handlers().match(room);
            if (match == null) {
                throw new AssertionError("nothing matches " + room);
            }
            RoutingKey key = RoutingKey.room(room).withTenant(this.connection.tenant());
            JsonNode data = joinData == null ? null : JSON.valueToTree(joinData);
            return new RoomCall(this.connection, key, match, data);
        }

        /** Makes it a member without asking anybody. */
        Client in(String room) {
            RoutingKey key = RoutingKey.room(room).withTenant(this.connection.tenant());
            RoomService.Join join = await(HandlerFixture.this.rooms.join(this.connection.connection(), key, 1000));
            HandlerFixture.this.rooms.completeJoin(
                    this.connection.connection(), key, join, Frame.direct("{}".getBytes()), null);
            return this;
        }

        CompletionStage<Reply> publish(String room, String event, @Nullable Object data) {
            return publish(room, event, data, null);
        }

        CompletionStage<Reply> publish(String room, String event, @Nullable Object data, @Nullable String eventId) {
            return handlers().event(call(room), event, JSON.valueToTree(data), eventId);
        }

        /** The event frames that arrived. */
        List<JsonNode> events() {
            return this.transport.received.stream()
                    .map(JSON::readTree)
                    .filter(frame -> "event".equals(frame.path("type").asString("")))
                    .toList();
        }
    }

    private static final class Transport implements ConnectionTransport {

        private final List<String> received = new CopyOnWriteArrayList<>();

        @Override
        public void wakeUp(SendQueue queue) {
            for (List<Frame> batch = queue.poll(64 << 10); batch != null; batch = queue.poll(64 << 10)) {
                batch.forEach(frame -> this.received.add(frame.text()));
                queue.written();
            }
        }

        @Override
        public void close(CloseReason reason) {}

        @Override
        public WireFormat format() {
            return WireFormat.JSON_V1;
        }

        @Override
        public String name() {
            return "test";
        }
    }

    /** A backplane that can be made not writable, and that can lose its answers. */
    static final class SwitchedBackplane implements BackplaneAdapter {

        private final BackplaneAdapter delegate;
        volatile boolean writable = true;
        volatile boolean silent;

        SwitchedBackplane(BackplaneAdapter delegate) {
            this.delegate = delegate;
        }

        @Override
        public String name() {
            return this.delegate.name();
        }

        @Override
        public void start(BackplaneListener listener) {
            this.delegate.start(listener);
        }

        @Override
        public CompletionStage<Published> publish(BackplaneMessage message) {
            return this.silent ? new CompletableFuture<>() : this.delegate.publish(message);
        }

        @Override
        public CompletionStage<Void> subscribe(RoutingKey key) {
            return this.delegate.subscribe(key);
        }

        @Override
        public CompletionStage<Void> unsubscribe(RoutingKey key) {
            return this.delegate.unsubscribe(key);
        }

        @Override
        public BackplaneStatus status() {
            return new BackplaneStatus(true, this.writable, Instant.now(), null);
        }

        @Override
        public void close() {
            this.delegate.close();
        }
    }
}
