package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.PublishOrder;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.history.History;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The adapter on top of a {@link Broker}: everything that backplanes of many processes have in common (SPEC §6,
 * docs/decisions/0016). Envelopes, what is lost and what is late, missing events of streams, beacons and status, publishes
 * in flight, subscriptions.
 *
 * <p>Thread-safe; no method waits. What has to happen regularly, {@link #tick}, is done by a thread of its own unless the
 * adapter was made with {@link #manual}.
 *
 * @since 0.1.0
 */
public final class BrokerBackplane implements BackplaneAdapter {

    private static final Logger logger = LoggerFactory.getLogger(BrokerBackplane.class);

    /** Events in one read of a stream. */
    private static final int PAGE = 128;

    /** Beacons whose time under way is measured. */
    private static final int ANNOUNCED = 16;

    private final Broker broker;
    private final String origin;
    private final String node;
    private final BackplaneSettings settings;
    private final BackplaneObserver observer;
    private final byte[] originBytes;
    private final EnvelopeCodec codec;
    private final boolean automatic;
    private final Ticker ticker;
    private final Sequences sequences = new Sequences();
    private final Pulse pulse;
    private final Subscriptions<RoutingKey> subscriptions;
    private final History history;
    /** Those of the keys that are subscribed, from before the subscription until it ends. */
    private final Map<RoutingKey, Feed> feeds = new ConcurrentHashMap<>();
    /** Feeds that wait for a place among the reads. */
    private final Set<Feed> behind = ConcurrentHashMap.newKeySet();

    private final AtomicInteger reads = new AtomicInteger();
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicLong beacons = new AtomicLong();
    /** When the latest beacons were announced, by their number modulo {@value #ANNOUNCED}. */
    private final AtomicLongArray announced = new AtomicLongArray(ANNOUNCED);

    private volatile long lag = -1;
    private volatile @Nullable BackplaneListener listener;
    private volatile @Nullable ControlListener controls;
    private volatile boolean closed;
    private volatile @Nullable ScheduledExecutorService thread;
    /** Whether a beacon is to be announced out of turn. */
    private final AtomicBoolean early = new AtomicBoolean();
    /** Held while a beacon is made and handed over, so that they leave in their order and none behind the goodbye. */
    private final Object announcing = new Object();
    /** Whether the goodbye was handed over. */
    private boolean left;

    /**
     * Who takes part in an application, and what its nodes agree on.
     *
     * @param name the application: its nodes read nothing of another one
     * @param secret signs what is sent and is asked of what is read; {@code null} for neither
     * @param classes the delivery classes
     * @param payloads looks at payloads of other nodes
     */
    public record Application(
            String name, byte @Nullable [] secret, Function<Delivery, DeliveryClass> classes, PayloadCheck payloads) {

        public Application {
            if (name.isEmpty() || name.length() > 64) {
                throw new IllegalArgumentException("the name of an application has 1 to 64 characters");
            }
        }
    }

    /**
     * @param broker carries the bytes; closed with this adapter
     * @param origin names this process, as in the {@link BackplaneMessage messages} that it publishes
     * @param node the configured name of this process
     */
    public BrokerBackplane(
            Broker broker,
            String origin,
            String node,
            Application application,
            BackplaneSettings settings,
            BackplaneObserver observer,
            Ticker ticker) {
        this(broker, origin, node, application, settings, observer, ticker, true);
    }

    private BrokerBackplane(
            Broker broker,
            String origin,
            String node,
            Application application,
            BackplaneSettings settings,
            BackplaneObserver observer,
            Ticker ticker,
            boolean automatic) {
        this.broker = broker;
        this.origin = origin;
        this.originBytes = origin.getBytes(StandardCharsets.UTF_8);
        this.node = node;
        this.settings = settings;
        this.observer = observer;
        this.automatic = automatic;
        this.ticker = ticker;
        this.codec = new EnvelopeCodec(
                application.name(),
                application.secret(),
                settings.maxEnvelopeBytes(),
                application.classes(),
                application.payloads());
        this.pulse = new Pulse(origin, settings, ticker, observer);
        this.subscriptions = new Subscriptions<>(new Steps(), this::isNeeded, observer, settings.linger(), ticker);
        this.history = new BrokerHistory(broker, this.codec);
    }

    /** One whose time passes only with {@link #tick}: for tests. */
    public static BrokerBackplane manual(
            Broker broker,
            String origin,
            String node,
            Application application,
            BackplaneSettings settings,
            BackplaneObserver observer,
            Ticker ticker) {
        return new BrokerBackplane(broker, origin, node, application, settings, observer, ticker, false);
    }

    /** The streams that the broker keeps: the history of every node. */
    public History history() {
        return this.history;
    }

    @Override
    public String name() {
        return this.broker.name();
    }

    @Override
    public synchronized void start(BackplaneListener listener) {
        this.listener = listener;
        if (this.automatic) {
            // One task that repeats, and a beacon out of turn: its queue holds no other.
            this.thread = Executors.newSingleThreadScheduledExecutor(task -> {
                Thread made = new Thread(task, "realtime-beacons");
                made.setDaemon(true);
                return made;
            });
        }
        this.broker.start(new Arrivals());
        tick();
        if (this.thread != null) {
            long millis = this.settings.beacon().toMillis();
            this.thread.scheduleAtFixedRate(this::tickSafely, millis, millis, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public CompletionStage<Published> publish(BackplaneMessage message) {
        Event event = message.event();
        if (this.closed || !takePlace()) {
            if (event.delivery().order() == PublishOrder.LOCAL_FIRST) {
                withheld(event);
            }
            return CompletableFuture.completedFuture(new Published(BackplaneOutcome.REJECTED, null));
        }
        CompletionStage<Published> published;
        try {
            published = event.delivery().recoverable() ? append(message) : send(message);
        } catch (RuntimeException ex) {
            published = CompletableFuture.failedFuture(ex);
        }
        return published.handle((done, failure) -> {
            this.inFlight.decrementAndGet();
            return failure == null ? done : new Published(outcome(failure), null);
        });
    }

    private boolean takePlace() {
        if (this.inFlight.incrementAndGet() <= this.settings.maxInFlight()) {
            return true;
        }
        this.inFlight.decrementAndGet();
        return false;
    }

    private CompletionStage<Published> send(BackplaneMessage message) {
        Event event = message.event();
        // Who is still joining is owed nothing.
        boolean returns =
                event.delivery().order() == PublishOrder.BACKPLANE_ONLY && this.subscriptions.isInForce(event.key());
        Feed feed = returns ? this.feeds.get(event.key()) : null;
        return this.sequences
                .next(event.key(), (run, sequence) -> {
                    byte[] bytes = encode(new Envelope(this.origin, run, sequence, event, message.trace()));
                    return feed == null
                            ? this.broker.send(event.key(), bytes)
                            : sendAndAwait(feed, run, sequence, bytes);
                })
                .thenApply(sent -> new Published(BackplaneOutcome.PUBLISHED, null));
    }

    /** Members here get the event when it comes back, and are told if it does not. */
    private CompletionStage<Void> sendAndAwait(Feed feed, long run, long sequence, byte[] bytes) {
        feed.sending(run, sequence);
        return this.broker.send(feed.key(), bytes).whenComplete((sent, failure) -> {
            if (failure != null && unwrap(failure) instanceof NotSentException) {
                feed.notSent(run, sequence);
            }
        });
    }

    private CompletionStage<Published> append(BackplaneMessage message) {
        Event event = message.event();
        byte[] bytes = encode(new Envelope(this.origin, 0, 0, event, message.trace()));
        CompletionStage<Cursor> appended = event.delivery().name() == Delivery.CRITICAL
                ? this.broker.appendSafely(event.key(), event.id(), bytes)
                : this.broker.append(event.key(), event.id(), bytes);
        return appended.thenApply(cursor -> {
            this.sequences.recorded(event.key(), cursor);
            return new Published(BackplaneOutcome.RECORDED, cursor);
        });
    }

    private byte[] encode(Envelope envelope) {
        try {
            return this.codec.encode(envelope);
        } catch (InvalidEnvelopeException tooLarge) {
            throw new TooLargeException(tooLarge);
        }
    }

    private BackplaneOutcome outcome(Throwable failure) {
        Throwable cause = unwrap(failure);
        if (cause instanceof NotSentException notSent) {
            if (!notSent.isOfOneKey()) {
                this.pulse.notSent(cause);
            }
            return BackplaneOutcome.REJECTED;
        }
        if (cause instanceof TooLargeException) {
            logger.warn("An event is not published: its envelope is {}", cause.getMessage());
            return BackplaneOutcome.REJECTED;
        }
        logger.debug("A publish may not have reached the backplane", cause);
        return BackplaneOutcome.UNKNOWN;
    }

    private static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? cause : failure;
    }

    @Override
    public void withheld(Event event) {
        this.sequences.next(event.key(), (run, sequence) -> sequence);
    }

    @Override
    public CompletionStage<Void> subscribe(RoutingKey key) {
        return this.subscriptions.subscribe(key);
    }

    /** Begins the time of grace, after which it is asked again whether the key has members. */
    @Override
    public CompletionStage<Void> unsubscribe(RoutingKey key) {
        this.subscriptions.release(key);
        return CompletableFuture.completedFuture(null);
    }

    @Override
    public boolean isSubscribed(RoutingKey key) {
        return this.subscriptions.isInForce(key);
    }

    @Override
    public void controls(ControlListener listener) {
        this.controls = listener;
    }

    /** Behind what this node has sent in the user's key before, in no order with what others send. */
    @Override
    public CompletionStage<BackplaneOutcome> control(Control control) {
        if (this.closed || !takePlace()) {
            return CompletableFuture.completedFuture(BackplaneOutcome.REJECTED);
        }
        CompletionStage<Void> sent;
        try {
            sent = this.broker.send(control.user(), this.codec.encode(this.origin, control));
        } catch (InvalidEnvelopeException | RuntimeException ex) {
            sent = CompletableFuture.failedFuture(ex);
        }
        return sent.handle((done, failure) -> {
            this.inFlight.decrementAndGet();
            return failure == null ? BackplaneOutcome.PUBLISHED : outcome(failure);
        });
    }

    @Override
    public BackplaneStatus status() {
        return this.pulse.status();
    }

    /** What arrives besides the keys with members here. */
    public SubscriptionMode mode() {
        return this.broker.mode();
    }

    /** The other nodes that live, by name. */
    public List<String> nodes() {
        return peers().stream().map(Peer::node).toList();
    }

    /** The other nodes that live, in the order of their names. */
    public List<Peer> peers() {
        return this.pulse.peers();
    }

    /** How many keys are subscribed. */
    public int subscriptions() {
        return this.subscriptions.size();
    }

    /** Publishes that wait for the broker's answer. */
    public int inFlight() {
        return this.inFlight.get();
    }

    /** How many publishes may wait for the broker's answer. */
    public int maxInFlight() {
        return this.settings.maxInFlight();
    }

    /** Keys whose stream is being read for what is missing here, or waits for that. */
    public int behind() {
        return this.reads.get() + this.behind.size();
    }

    /** How long the last own beacon was under way until it came back, in nanoseconds; -1 if none has. */
    public long lagNanos() {
        return this.lag;
    }

    /** What the broker's client holds that is not answered or not sent yet. */
    public int unanswered() {
        return this.broker.unanswered();
    }

    /** How much of that there may be; more is refused. */
    public int maxUnanswered() {
        return this.broker.maxUnanswered();
    }

    /** How often a key was left out of the beacons because too many waited. */
    public long beaconOverflows() {
        return this.sequences.overflows();
    }

    /** One beacon, one look at the time, one more try at what could not be read. */
    public void tick() {
        if (this.closed) {
            return;
        }
        List<String> fallen = this.pulse.tick();
        for (String gone : fallen) {
            this.feeds.values().forEach(feed -> feed.uncertain(gone));
            compareStreams();
        }
        this.subscriptions.tick();
        this.feeds.values().forEach(this::catchUp);
        announce(false);
    }

    private void tickSafely() {
        try {
            tick();
        } catch (RuntimeException ex) {
            logger.warn("What the backplane does every second failed; the next second goes on", ex);
        }
    }

    /** A beacon out of turn, by the thread that announces, because beacons have an order. */
    private void announceSoon() {
        ScheduledExecutorService thread = this.thread;
        if (thread == null) {
            announceEarly();
        } else if (this.early.compareAndSet(false, true)) {
            try {
                thread.execute(this::announceEarly);
            } catch (RejectedExecutionException over) {
                // Closed.
            }
        }
    }

    private void announceEarly() {
        this.early.set(false);
        if (!this.closed) {
            announce(false);
        }
    }

    private void announce(boolean leaving) {
        CompletionStage<Void> taken;
        synchronized (this.announcing) {
            if (this.left) {
                return;
            }
            this.left = leaving;
            try {
                taken = this.broker.announce(beacon(leaving));
            } catch (InvalidEnvelopeException | RuntimeException ex) {
                taken = CompletableFuture.failedFuture(ex);
            }
        }
        taken.whenComplete((done, failure) -> {
            if (failure == null) {
                this.pulse.announced();
            } else {
                this.pulse.notSent(failure);
            }
        });
    }

    private byte[] beacon(boolean leaving) throws InvalidEnvelopeException {
        long number = this.beacons.incrementAndGet();
        this.announced.set((int) (number % ANNOUNCED), this.ticker.nanos());
        List<Beacon.Position> positions = this.sequences.carry(number);
        BackplaneListener listener = this.listener;
        int connections = listener == null ? 0 : listener.connections();
        return this.codec.encode(new Beacon(
                this.origin, this.node, number, this.sequences.forgotten(), connections, leaving, positions));
    }

    /** The own beacon of this number is back. */
    private void cameBack(long number) {
        if (number > 0 && number <= this.beacons.get() && number > this.beacons.get() - ANNOUNCED) {
            long lag = Math.max(0, this.ticker.nanos() - this.announced.get((int) (number % ANNOUNCED)));
            this.lag = lag;
            this.observer.lag(lag);
        }
    }

    /** Asks the store what it has of every stream: nobody else will tell. */
    private void compareStreams() {
        this.feeds.values().forEach(feed -> {
            feed.check();
            catchUp(feed);
        });
    }

    private boolean isNeeded(RoutingKey key) {
        BackplaneListener listener = this.listener;
        return listener != null && listener.isNeeded(key);
    }

    /** Reads what is missing of a stream, if something is and nobody does already. */
    private void catchUp(Feed feed) {
        if (!feed.isBehind()) {
            return;
        }
        if (this.reads.incrementAndGet() > this.settings.maxReads()) {
            this.reads.decrementAndGet();
            this.behind.add(feed);
            return;
        }
        Cursor after = feed.beginReading();
        if (after == null) {
            endRead();
        } else {
            read(feed, after);
        }
    }

    private void read(Feed feed, Cursor after) {
        CompletionStage<Broker.Slice> reading;
        try {
            reading = this.broker.read(feed.key(), after, PAGE);
        } catch (RuntimeException ex) {
            reading = CompletableFuture.failedFuture(ex);
        }
        reading.whenComplete((slice, failure) -> {
            Cursor next = null;
            if (failure != null) {
                logger.debug("The stream of {} cannot be read now", feed.key(), failure);
                feed.notRead();
            } else if (!this.closed) {
                next = feed.read(after, slice, entry -> decode(feed.key(), entry));
            }
            if (next == null) {
                endRead();
            } else {
                read(feed, next);
            }
        });
    }

    private @Nullable Envelope decode(RoutingKey key, Broker.Entry entry) {
        try {
            return this.codec.decode(entry.envelope(), key, entry.cursor());
        } catch (InvalidEnvelopeException invalid) {
            this.observer.received(invalid.reason());
            return null;
        }
    }

    private void endRead() {
        this.reads.decrementAndGet();
        for (Feed waiting : this.behind) {
            if (this.behind.remove(waiting) && waiting.isBehind()) {
                catchUp(waiting);
                return;
            }
        }
    }

    /** Says goodbye, so that nobody has to guess what came last, and ends. */
    @Override
    public void close() {
        synchronized (this) {
            if (this.closed) {
                return;
            }
            if (this.thread != null) {
                this.thread.shutdownNow();
            }
            if (this.listener != null) {
                announce(true);
            }
            this.closed = true;
            this.listener = null;
        }
        // Publishes that nobody answers any more fail now, and with them what depends on them.
        this.broker.close();
    }

    /** An event whose envelope is larger than any may be. */
    private static final class TooLargeException extends RuntimeException {

        private static final long serialVersionUID = 1L;

        TooLargeException(InvalidEnvelopeException cause) {
            super(cause.getMessage(), cause);
        }
    }

    /** What a subscription takes here: a place for what arrives, and the position of the stream. */
    private final class Steps implements Subscriptions.Steps<RoutingKey> {

        @Override
        public CompletionStage<Void> begin(RoutingKey key) {
            BackplaneListener listener = BrokerBackplane.this.listener;
            if (listener == null) {
                return CompletableFuture.failedFuture(new NotSentException("the backplane is closed"));
            }
            Feed feed = new Feed(key, listener, BrokerBackplane.this.observer);
            BrokerBackplane.this.feeds.put(key, feed);
            Broker broker = BrokerBackplane.this.broker;
            CompletionStage<Void> inForce = broker.subscribe(key);
            if (key.kind() == RoutingKey.Kind.ROOM) {
                inForce = inForce.thenCompose(done -> broker.head(key)).thenAccept(feed::start);
            }
            return inForce.whenComplete((done, failure) -> {
                if (failure != null) {
                    drop(key, feed);
                    broker.unsubscribe(key);
                } else {
                    catchUp(feed);
                }
            });
        }

        @Override
        public CompletionStage<Void> end(RoutingKey key) {
            Feed feed = BrokerBackplane.this.feeds.get(key);
            if (feed != null) {
                drop(key, feed);
            }
            return BrokerBackplane.this.broker.unsubscribe(key);
        }

        private void drop(RoutingKey key, Feed feed) {
            feed.end();
            BrokerBackplane.this.feeds.remove(key, feed);
            BrokerBackplane.this.behind.remove(feed);
        }
    }

    /** What the broker brings. */
    private final class Arrivals implements Broker.Listener {

        @Override
        public void received(RoutingKey key, byte[] envelope, @Nullable Cursor cursor) {
            take(key, envelope, cursor, cursor == null ? 0 : cursor.offset() - 1);
        }

        @Override
        public void received(RoutingKey key, byte[] envelope, Cursor cursor, long previous) {
            take(key, envelope, cursor, previous);
        }

        @Override
        public void refused(Received reason) {
            if (BrokerBackplane.this.listener != null) {
                BrokerBackplane.this.observer.received(reason);
            }
        }

        private void take(RoutingKey key, byte[] bytes, @Nullable Cursor cursor, long previous) {
            BackplaneListener listener = BrokerBackplane.this.listener;
            if (listener == null) {
                return;
            }
            Received result;
            try (BackplaneListener.Delivering here = listener.delivering()) {
                if (EnvelopeCodec.isControl(bytes)) {
                    BrokerBackplane.this.observer.received(control(listener, key, bytes));
                    return;
                }
                if (BrokerBackplane.this.codec.isEcho(bytes, BrokerBackplane.this.originBytes)) {
                    BrokerBackplane.this.observer.received(Received.SELF);
                    return;
                }
                Envelope envelope = BrokerBackplane.this.codec.decode(bytes, key, cursor);
                result = take(listener, key, envelope, cursor, previous);
            } catch (InvalidEnvelopeException invalid) {
                logger.debug("Something on the backplane is {} and dropped", invalid.reason(), invalid);
                result = invalid.reason();
            }
            BrokerBackplane.this.observer.received(result);
        }

        /** Not in the order of the key's events: it has no sequence, and whoever asked is told nothing of a loss. */
        private Received control(BackplaneListener listener, RoutingKey key, byte[] bytes)
                throws InvalidEnvelopeException {
            EnvelopeCodec.Asked asked = BrokerBackplane.this.codec.decodeControl(bytes, key);
            ControlListener controls = BrokerBackplane.this.controls;
            if (asked.origin().equals(BrokerBackplane.this.origin)) {
                return Received.SELF;
            }
            if (controls == null || !listener.isNeeded(key)) {
                return Received.NO_MEMBERS;
            }
            controls.onControl(asked.control());
            return Received.DELIVERED;
        }

        private Received take(
                BackplaneListener listener, RoutingKey key, Envelope envelope, @Nullable Cursor cursor, long previous) {
            Event event = envelope.event();
            boolean own = envelope.origin().equals(BrokerBackplane.this.origin);
            if (own && event.delivery().order() != PublishOrder.BACKPLANE_ONLY) {
                return Received.SELF;
            }
            Feed feed = BrokerBackplane.this.feeds.get(key);
            if (feed == null) {
                return Received.NO_MEMBERS;
            }
            if (cursor == null) {
                return own ? feed.returned(envelope) : feed.sent(envelope);
            }
            Received result = feed.recorded(envelope, cursor, previous);
            if (result == Received.BEHIND) {
                catchUp(feed);
            }
            return result;
        }

        @Override
        public void announced(byte[] bytes) {
            if (BrokerBackplane.this.listener == null) {
                return;
            }
            Beacon beacon;
            try {
                beacon = BrokerBackplane.this.codec.decodeBeacon(bytes);
            } catch (InvalidEnvelopeException invalid) {
                logger.debug("A beacon on the backplane is {} and dropped", invalid.reason(), invalid);
                BrokerBackplane.this.observer.received(invalid.reason());
                return;
            }
            boolean own = beacon.origin().equals(BrokerBackplane.this.origin);
            Pulse.Change change = BrokerBackplane.this.pulse.heard(beacon);
            if (own) {
                BrokerBackplane.this.sequences.cameBack(beacon.number());
                cameBack(beacon.number());
            }
            for (Beacon.Position position : beacon.positions()) {
                Feed feed = BrokerBackplane.this.feeds.get(position.key());
                if (feed != null) {
                    if (own) {
                        feed.toldOfOwn(position);
                    }
                    feed.told(beacon.origin(), own ? position.withoutSequence() : position);
                    catchUp(feed);
                }
            }
            if (change == Pulse.Change.NONE) {
                return;
            }
            Set<RoutingKey> told =
                    beacon.positions().stream().map(Beacon.Position::key).collect(Collectors.toSet());
            for (Feed feed : BrokerBackplane.this.feeds.values()) {
                if (change == Pulse.Change.LEFT) {
                    feed.forget(beacon.origin());
                } else if (!told.contains(feed.key())) {
                    feed.uncertain(beacon.origin());
                }
            }
            if (change == Pulse.Change.UNCERTAIN) {
                compareStreams();
            }
        }

        @Override
        public void reconnected() {
            BrokerBackplane.this.observer.reconnected();
            BrokerBackplane.this.feeds.values().forEach(Feed::unheard);
            compareStreams();
        }

        @Override
        public void connected() {
            if (BrokerBackplane.this.listener != null) {
                announceSoon();
            }
        }
    }
}
