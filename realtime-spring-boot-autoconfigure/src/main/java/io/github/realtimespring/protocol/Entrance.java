package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.registry.DuplicatePolicy;
import io.github.realtimespring.registry.Places;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way of a connection from its handshake to {@code welcome}, or to its refusal: the limits and the duplicate policy of
 * this node, then the key of its user, then its place among the connections of the user on all nodes. The key comes first
 * of the two, so that a connection that loses its place to another node hears of it however early that is.
 *
 * <p>Nothing waits: what takes time happens while the session keeps the client's frames. A client that there is no room for
 * may be one that comes back and whose connection before is not known to be gone; it says so in its first frame, which it
 * is given a moment for.
 */
final class Entrance {

    private static final Logger logger = LoggerFactory.getLogger(Entrance.class);

    private static final CloseReason FULL = new CloseReason(1013, "too many connections", true);

    private final ProtocolSessions sessions;
    private final ProtocolSession session;
    private final Connection connection;
    private final @Nullable RoutingKey user;
    private final DuplicatePolicy policy;
    private final boolean hasPlace;
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    /** The name that the client is asked for, while it is. */
    private volatile @Nullable CompletableFuture<@Nullable String> asked;

    /** @param policy what happens with other connections of the user */
    Entrance(ProtocolSessions sessions, ProtocolSession session, @Nullable RoutingKey user, DuplicatePolicy policy) {
        this.sessions = sessions;
        this.session = session;
        this.connection = session.connection();
        this.user = user;
        this.policy = policy;
        // Where nobody has a policy nobody needs a place.
        this.hasPlace = user != null
                && (policy.rule() != DuplicatePolicy.Rule.ALLOW
                        || sessions.settings().duplicates().rule() != DuplicatePolicy.Rule.ALLOW);
    }

    /** Whether the connection has a place among those of its user, and not only the key of the user. */
    boolean hasPlace() {
        return this.hasPlace;
    }

    /** @param returning the name by which the client is known already, if it has said one */
    void begin(@Nullable String returning) {
        RoutingKey user = this.user;
        if (user != null) {
            // Events for the user wait behind welcome.
            this.connection.hold(user);
        }
        enter(returning);
        if (!this.over.isDone()) {
            this.sessions.entering(this.over);
            this.session.welcome(this.over);
        }
    }

    /** The client is gone: nobody waits for what it would have said. */
    void gone() {
        CompletableFuture<@Nullable String> asked = this.asked;
        if (asked != null) {
            asked.complete(null);
        }
    }

    /** The client says by what name it was known before. */
    void named(String name) {
        CompletableFuture<@Nullable String> asked = this.asked;
        if (asked != null) {
            asked.complete(name);
        } else if (this.hasPlace) {
            leaveBehind(name);
            this.sessions.engine().places().returned(this.connection, name);
        }
    }

    private void enter(@Nullable String returning) {
        if (returning != null && this.hasPlace) {
            leaveBehind(returning);
        }
        switch (this.sessions.engine().connections().admit(this.connection, this.policy)) {
            case ADMITTED -> subscribe(returning);
            case SERVER_FULL -> refuse(FULL);
            case USER_LIMIT -> askToEnter(returning, CloseReason.LIMIT);
            case DUPLICATE -> askToEnter(returning, CloseReason.SUPERSEDED);
        }
    }

    /** Connections of this node that the same client had before. */
    private void leaveBehind(String name) {
        RoutingKey user = this.user;
        if (user == null) {
            return;
        }
        for (Connection other : this.sessions.engine().connections().connections(user)) {
            ProtocolSession older = this.sessions.find(other.id());
            if (other != this.connection && older != null && older.isNamed(name)) {
                other.close(CloseReason.SUPERSEDED);
            }
        }
    }

    private void askToEnter(@Nullable String returning, CloseReason refusal) {
        if (!mayAsk(returning)) {
            refuse(refusal);
        } else if (this.sessions.engine().connections().await(this.connection)) {
            ask(refusal, this::enter);
        } else {
            refuse(FULL);
        }
    }

    private boolean mayAsk(@Nullable String returning) {
        return returning == null
                && this.hasPlace
                && !this.sessions.engine().places().patience().isZero()
                && !this.session.isStream();
    }

    /** There is no room, unless the client is one that comes back: then {@code again} tries with its name. */
    private void ask(CloseReason refusal, Consumer<String> again) {
        Duration patience = this.sessions.engine().places().patience();
        CompletableFuture<@Nullable String> asked = new CompletableFuture<>();
        this.asked = asked;
        String said = this.session.returning();
        if (said != null) {
            asked.complete(said);
        }
        if (!this.connection.isOpen()) {
            asked.complete(null);
        }
        asked.completeOnTimeout(null, patience.toNanos(), TimeUnit.NANOSECONDS).thenAccept(name -> {
            this.asked = null;
            if (name == null || !this.connection.isOpen()) {
                refuse(refusal);
            } else {
                again.accept(name);
            }
        });
    }

    private void subscribe(@Nullable String returning) {
        RoutingKey user = this.user;
        if (user == null) {
            opened();
            this.connection.send(welcome());
            this.over.complete(null);
            return;
        }
        CompletableFuture<Void> inForce =
                this.sessions.engine().rooms().awaitInForce(user).toCompletableFuture();
        if (inForce.isDone() && !inForce.isCompletedExceptionally()) {
            takePlace(user, returning);
            return;
        }
        // Whoever was welcomed misses nothing, wherever it is sent from.
        inForce.whenComplete((done, failure) -> {
            if (failure == null) {
                takePlace(user, returning);
                return;
            }
            logger.debug("The key of a user cannot be subscribed, connection {}", this.connection.id(), failure);
            opened();
            this.connection.close(CloseReason.BACKPLANE);
            this.over.complete(null);
        });
    }

    private void takePlace(RoutingKey user, @Nullable String returning) {
        if (!this.connection.isOpen()) {
            // Such as one that another has superseded meanwhile: a claim of it would take the place of that one.
            this.over.complete(null);
            return;
        }
        if (!this.hasPlace) {
            opened();
            release(user);
            return;
        }
        Places places = this.sessions.engine().places();
        // It may have said its name while the key was being subscribed.
        String name = returning != null ? returning : this.session.returning();
        places.claim(this.connection, this.policy, this.session.name(), name).thenAccept(stays -> {
            if (stays) {
                String said = this.session.returning();
                if (said != null && !said.equals(name)) {
                    // Or right before it was known that there is a claim that this belongs to.
                    places.returned(this.connection, said);
                }
                opened();
                release(user);
            } else if (!this.connection.isOpen()) {
                this.over.complete(null);
            } else {
                CloseReason refusal =
                        this.policy.rule() == DuplicatePolicy.Rule.LIMIT ? CloseReason.LIMIT : CloseReason.SUPERSEDED;
                if (mayAsk(name)) {
                    ask(refusal, again -> takePlace(user, again));
                } else {
                    refuse(refusal);
                }
            }
        });
    }

    private void release(RoutingKey user) {
        this.connection.release(user, welcome());
        this.over.complete(null);
    }

    private Frame welcome() {
        return this.sessions
                .frames()
                .welcome(
                        this.connection.id(),
                        this.session.name(),
                        this.connection.identity(),
                        this.sessions.settings());
    }

    private void opened() {
        this.sessions.listener().opened(this.connection);
        this.sessions.engine().presence().connected(this.connection);
    }

    private void refuse(CloseReason refusal) {
        this.sessions.listener().refused(this.connection, refusal);
        this.connection.close(refusal);
        this.over.complete(null);
    }
}
