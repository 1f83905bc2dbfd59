package io.github.realtimespring.webmvc;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeCustomizer;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.protocol.TokenAuthentication;
import io.github.realtimespring.registry.ConnectionRegistry;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import java.io.IOException;
import java.net.URI;
import java.security.Principal;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.server.ServletServerHttpRequest;
import org.springframework.web.HttpRequestHandler;

/**
 * The handshake of the WebSocket transport at {@code <base-path>/ws} (SPEC §9, §15; PROTOCOL, authentication).
 *
 * <p>In this order: the origin is checked (403), a version of the protocol agreed (400), room for one more connection
 * looked for (503 with {@code Retry-After}), then the client is who the application's security says it is, or who its
 * bearer token says it is. A token that fails is answered by close code 4401 on an accepted WebSocket, because browsers
 * do not show a page why a handshake failed. The upgrade goes through the standard {@code jakarta.websocket} API.
 *
 * @since 0.1.0
 */
public final class RealtimeWebSocketHandler implements HttpRequestHandler {

    private static final Logger logger = LoggerFactory.getLogger(RealtimeWebSocketHandler.class);

    private static final String CONTAINER = "jakarta.websocket.server.ServerContainer";
    private static final String TOMCAT = "org.apache.tomcat.";
    private static final int RETRY_AFTER_SECONDS = 5;
    private static final int TOKEN_TIMEOUT_SECONDS = 10;

    private final ProtocolSessions sessions;
    private final WebSocketSettings settings;
    private final WebSocketThreads threads;
    private final OriginPolicy origins;
    private final @Nullable RealtimeTokenAuthenticator authenticator;
    private final @Nullable TenantResolver tenants;
    private final List<IdentityCustomizer> identities;
    private final List<HandshakeCustomizer> handshakes;
    private final HttpSessionConnections httpSessions;

    /**
     * @param authenticator checks tokens of the bearer subprotocol; without one every token fails
     * @param tenants decides the tenant; without one there are no tenants
     * @param identities complete the identity, in order
     * @param handshakes change the handshake then, in order
     */
    public RealtimeWebSocketHandler(
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketThreads threads,
            @Nullable RealtimeTokenAuthenticator authenticator,
            @Nullable TenantResolver tenants,
            List<IdentityCustomizer> identities,
            List<HandshakeCustomizer> handshakes,
            HttpSessionConnections httpSessions) {
        this.sessions = sessions;
        this.settings = settings;
        this.threads = threads;
        this.origins = new OriginPolicy(settings.allowedOrigins());
        this.authenticator = authenticator;
        this.tenants = tenants;
        this.identities = List.copyOf(identities);
        this.handshakes = List.copyOf(handshakes);
        this.httpSessions = httpSessions;
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response)
            throws ServletException, IOException {
        if (!"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        if (!this.origins.allows(request)) {
            logger.debug("Refused a handshake of a foreign origin");
            response.sendError(HttpServletResponse.SC_FORBIDDEN);
            return;
        }
        if (!"websocket".equalsIgnoreCase(request.getHeader("Upgrade"))) {
            response.setHeader("Upgrade", "websocket");
            response.setHeader("Connection", "Upgrade");
            response.sendError(426);
            return;
        }
        Subprotocols subprotocols = Subprotocols.of(request);
        if (!subprotocols.acceptable()) {
            response.sendError(HttpServletResponse.SC_BAD_REQUEST);
            return;
        }
        if (!this.sessions.accepting()) {
            response.setIntHeader("Retry-After", RETRY_AFTER_SECONDS);
            response.sendError(HttpServletResponse.SC_SERVICE_UNAVAILABLE);
            return;
        }
        WebSocketEndpoint.Opening opening;
        try {
            opening = authenticate(request, subprotocols);
        } catch (RealtimeException refused) {
            response.sendError(refused.code().httpStatus());
            return;
        }
        upgrade(request, response, subprotocols, opening);
    }

    private WebSocketEndpoint.Opening authenticate(HttpServletRequest request, Subprotocols subprotocols) {
        if (this.settings.bearerSubprotocol() && subprotocols.token() != null) {
            TokenAuthentication authentication;
            try {
                authentication = check(subprotocols.token());
            } catch (RealtimeException ex) {
                logger.debug("A bearer token was refused: {}", ex.code());
                CloseReason reason =
                        ex.code() == ErrorCode.UNAVAILABLE ? CloseReason.SERVER_ERROR : CloseReason.UNAUTHORIZED;
                return new WebSocketEndpoint.Opening(null, reason, null);
            }
            Principal principal = authentication.principal();
            return new WebSocketEndpoint.Opening(handshake(request, principal, authentication.expiresAt()), null, null);
        }
        Principal principal = request.getUserPrincipal();
        HttpSession httpSession = principal == null ? null : request.getSession(false);
        Instant expiresAt = principal == null ? null : TokenExpiry.of(principal);
        return new WebSocketEndpoint.Opening(handshake(request, principal, expiresAt), null, httpSession);
    }

    /** Waits for the authenticator, as the application's security does in its filters; never for the client. */
    private TokenAuthentication check(String token) {
        if (this.authenticator == null || token.isEmpty()) {
            throw new RealtimeException(ErrorCode.UNAUTHORIZED, "not a usable token");
        }
        try {
            return this.authenticator
                    .authenticate(token)
                    .toCompletableFuture()
                    .get(TOKEN_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException ex) {
            Thread.currentThread().interrupt();
            throw new RealtimeException(ErrorCode.UNAVAILABLE, "interrupted", ex);
        } catch (TimeoutException ex) {
            throw new RealtimeException(ErrorCode.UNAVAILABLE, "the authenticator did not answer", ex);
        } catch (ExecutionException ex) {
            throw failure(ex.getCause());
        } catch (RuntimeException ex) {
            throw failure(ex);
        }
    }

    private static RealtimeException failure(@Nullable Throwable cause) {
        return cause instanceof RealtimeException refused
                ? refused
                : new RealtimeException(ErrorCode.UNAUTHORIZED, "the token is not valid", cause);
    }

    private Handshake handshake(
            HttpServletRequest request, @Nullable Principal principal, @Nullable Instant expiresAt) {
        HandshakeRequest described = describe(request, principal);
        String user = principal == null ? null : principal.getName();
        String tenant = this.tenants == null ? null : resolve(this.tenants, described);
        Identity identity = new Identity(user, tenant, null, Map.of());
        // Fail for names that cannot be in a routing key, while there still is an HTTP response to say so.
        RoutingKey.room("any").withTenant(tenant);
        ConnectionRegistry.userKey(identity);
        for (IdentityCustomizer customizer : this.identities) {
            Identity custom = customizer.customize(identity, described);
            identity = new Identity(user, tenant, custom.device(), custom.claims());
        }
        Handshake handshake = new Handshake(principal, identity, null, expiresAt);
        for (HandshakeCustomizer customizer : this.handshakes) {
            Handshake custom = customizer.customize(handshake, described);
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

    private static HandshakeRequest describe(HttpServletRequest request, @Nullable Principal principal) {
        Map<String, List<String>> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String name : Collections.list(request.getHeaderNames())) {
            // It may hold a token.
            if (!name.equalsIgnoreCase("Sec-WebSocket-Protocol")) {
                headers.put(name, Collections.list(request.getHeaders(name)));
            }
        }
        URI uri = new ServletServerHttpRequest(request).getURI();
        return new HandshakeRequest(uri, headers, principal);
    }

    private void upgrade(
            HttpServletRequest request,
            HttpServletResponse response,
            Subprotocols subprotocols,
            WebSocketEndpoint.Opening opening)
            throws ServletException, IOException {
        if (!(request.getServletContext().getAttribute(CONTAINER) instanceof ServerContainer container)) {
            throw new ServletException("The servlet container has no WebSocket support: " + CONTAINER + " is not set");
        }
        String subprotocol = subprotocols.version1() ? Subprotocols.V1 : "";
        boolean named = !container.getClass().getName().startsWith(TOMCAT);
        UpgradeRequest upgrade = new UpgradeRequest(request, subprotocol, named);
        WebSocketEndpoint endpoint = new WebSocketEndpoint(
                opening, upgrade::socket, this.sessions, this.threads, this.settings.maxFrameSize(), this.httpSessions);
        try {
            container.upgradeHttpToWebSocket(
                    upgrade,
                    response,
                    new UpgradeConfiguration(endpoint, subprotocol, this.settings.compression())
                            .at(this.settings.basePath() + "/ws"),
                    Map.of());
        } catch (DeploymentException ex) {
            throw new ServletException("The servlet container refused the upgrade to WebSocket", ex);
        }
    }
}
