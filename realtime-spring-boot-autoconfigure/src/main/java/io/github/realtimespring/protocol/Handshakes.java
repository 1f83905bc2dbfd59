package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.registry.ConnectionRegistry;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who may connect, on every transport and either stack (SPEC §15; PROTOCOL, authentication): the origin is checked (403)
 * and room for one more connection looked for (503), then the client is who the application's security says it is, or who
 * its bearer token says it is; tenant, identity and the application's customizers follow.
 *
 * <p>Thread-safe. {@link #refusal} returns at once; the others call the application's code, which may wait: never call
 * them on an event loop.
 *
 * @since 0.1.0
 */
public final class Handshakes {

    private static final Logger logger = LoggerFactory.getLogger(Handshakes.class);

    private static final Duration RETRY_AFTER = Duration.ofSeconds(5);
    private static final long TOKEN_TIMEOUT_SECONDS = 10;

    private final ProtocolSessions sessions;
    private final OriginPolicy origins;
    private final @Nullable RealtimeTokenAuthenticator authenticator;
    private final @Nullable TenantResolver tenants;
    private final List<IdentityCustomizer> identities;
    private final List<HandshakeCustomizer> customizers;

    /**
     * @param authenticator checks tokens of the bearer subprotocol; without one every token fails
     * @param tenants decides the tenant; without one there are no tenants
     * @param identities complete the identity, in order
     * @param customizers change the handshake then, in order
     */
    public Handshakes(
            ProtocolSessions sessions,
            OriginPolicy origins,
            @Nullable RealtimeTokenAuthenticator authenticator,
            @Nullable TenantResolver tenants,
            List<IdentityCustomizer> identities,
            List<HandshakeCustomizer> customizers) {
        this.sessions = sessions;
        this.origins = origins;
        this.authenticator = authenticator;
        this.tenants = tenants;
        this.identities = List.copyOf(identities);
        this.customizers = List.copyOf(customizers);
    }

    /** Why no connection may be opened, whoever asks: a foreign origin, a drain, too many connections. */
    public @Nullable Problem refusal(HandshakeRequest request) {
        Problem foreign = foreignOrigin(request);
        if (foreign != null) {
            return foreign;
        }
        if (this.sessions.accepting()) {
            return null;
        }
        return this.sessions.isDraining()
                ? Problem.of(ErrorCode.DRAINING, "this node is going away", RETRY_AFTER)
                : Problem.of(ErrorCode.UNAVAILABLE, "too many connections", RETRY_AFTER);
    }

    /** The origin alone, for requests that open no connection. */
    public @Nullable Problem foreignOrigin(HandshakeRequest request) {
        if (this.origins.allows(request)) {
            return null;
        }
        logger.debug("Refused a request of a foreign origin");
        return Problem.of(ErrorCode.FORBIDDEN, "the origin is not allowed");
    }

    /**
     * The handshake of the client that the application's security has let in.
     *
     * @throws RealtimeException to refuse the request
     */
    public Handshake accept(HandshakeRequest request) {
        Principal principal = request.principal();
        return handshake(request, principal == null ? null : TokenExpiry.of(principal));
    }

    /**
     * How the handshake of a WebSocket ends: by its bearer token if it has one, else as {@link #accept}.
     *
     * @param token the token of the bearer subprotocol, or {@code null}; an empty one fails
     * @return the stage fails if the request is refused, see {@link #problem}
     */
    public CompletionStage<Admission> admit(HandshakeRequest request, @Nullable String token) {
        if (token == null) {
            try {
                return CompletableFuture.completedFuture(new Admission(accept(request), null, false));
            } catch (RuntimeException ex) {
                return CompletableFuture.failedFuture(ex);
            }
        }
        CompletionStage<Checked> checked = authenticate(token)
                .handle((authentication, failure) ->
                        new Checked(authentication, authentication == null ? reason(failure) : null));
        // Whoever completes it may be an event loop.
        return Stages.then(
                checked, this.sessions.runtime().handlers(), check -> Stages.done(admission(request, check)));
    }

    private record Checked(
            @Nullable TokenAuthentication authentication,
            @Nullable CloseReason refusal) {}

    private Admission admission(HandshakeRequest request, Checked checked) {
        TokenAuthentication authentication = checked.authentication();
        if (authentication == null) {
            return new Admission(null, checked.refusal(), true);
        }
        HandshakeRequest known = request.withPrincipal(authentication.principal());
        return new Admission(handshake(known, authentication.expiresAt()), null, true);
    }

    /** What a request is answered whose handshake failed; what the client may not know is logged. */
    public Problem problem(Throwable failure) {
        Throwable cause = Stages.unwrap(failure);
        if (cause instanceof RealtimeException refused) {
            return Problem.of(refused);
        }
        if (cause instanceof RejectedExecutionException) {
            return Problem.of(ErrorCode.UNAVAILABLE, "the server is overloaded", RETRY_AFTER);
        }
        logger.error("A handshake failed", cause);
        return Problem.of(ErrorCode.INTERNAL, "an unexpected failure");
    }

    private CompletableFuture<TokenAuthentication> authenticate(String token) {
        if (this.authenticator == null || token.isEmpty()) {
            return CompletableFuture.failedFuture(new RealtimeException(ErrorCode.UNAUTHORIZED, "not a usable token"));
        }
        try {
            return this.authenticator
                    .authenticate(token)
                    .toCompletableFuture()
                    .copy()
                    .orTimeout(TOKEN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(ex);
        }
    }

    private static CloseReason reason(@Nullable Throwable failure) {
        Throwable cause = failure == null ? null : Stages.unwrap(failure);
        boolean unavailable = cause instanceof TimeoutException
                || cause instanceof RealtimeException refused && refused.code() == ErrorCode.UNAVAILABLE;
        logger.debug("A bearer token was refused, {}", unavailable ? "nobody could check it" : "it is not valid");
        return unavailable ? CloseReason.SERVER_ERROR : CloseReason.UNAUTHORIZED;
    }

    private Handshake handshake(HandshakeRequest request, @Nullable Instant expiresAt) {
        Principal principal = request.principal();
        String user = principal == null ? null : principal.getName();
        String tenant = this.tenants == null ? null : resolve(this.tenants, request);
        Identity identity = new Identity(user, tenant, null, Map.of());
        // Fail for names that cannot be in a routing key, while there still is an HTTP response to say so.
        RoutingKey.room("any").withTenant(tenant);
        ConnectionRegistry.userKey(identity);
        for (IdentityCustomizer customizer : this.identities) {
            Identity custom = customizer.customize(identity, request);
            identity = new Identity(user, tenant, custom.device(), custom.claims());
        }
        Handshake handshake = new Handshake(principal, identity, null, expiresAt);
        for (HandshakeCustomizer customizer : this.customizers) {
            Handshake custom = customizer.customize(handshake, request);
            handshake = new Handshake(principal, identity, custom.policy(), custom.expiresAt());
        }
        return handshake;
    }

    private static @Nullable String resolve(TenantResolver tenants, HandshakeRequest request) {
        try {
            return tenants.resolve(request);
        } catch (RealtimeException ex) {
            throw ex;
        } catch (RuntimeException ex) {
            logger.warn("The tenant of a handshake could not be resolved; it is refused", ex);
            throw new RealtimeException(ErrorCode.FORBIDDEN, "no tenant", ex);
        }
    }
}
