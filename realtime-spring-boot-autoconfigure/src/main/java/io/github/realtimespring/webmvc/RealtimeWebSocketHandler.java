package io.github.realtimespring.webmvc;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.protocol.Admission;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Problem;
import io.github.realtimespring.protocol.ProtocolSessions;
import io.github.realtimespring.protocol.Subprotocols;
import io.github.realtimespring.protocol.WebSocketSettings;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import jakarta.websocket.DeploymentException;
import jakarta.websocket.server.ServerContainer;
import java.io.IOException;
import java.util.Collections;
import java.util.Map;
import java.util.stream.Stream;
import org.springframework.web.HttpRequestHandler;

/**
 * The handshake of the WebSocket transport at {@code <base-path>/ws} (SPEC §9, §15; PROTOCOL, authentication).
 *
 * <p>{@link Handshakes} decides who may connect, which is answered before there is an upgrade; the upgrade goes through
 * the standard {@code jakarta.websocket} API.
 *
 * @since 0.1.0
 */
public final class RealtimeWebSocketHandler implements HttpRequestHandler {

    private static final String CONTAINER = "jakarta.websocket.server.ServerContainer";
    private static final String TOMCAT = "org.apache.tomcat.";

    private final Handshakes handshakes;
    private final ProtocolSessions sessions;
    private final WebSocketSettings settings;
    private final WebSocketThreads threads;
    private final HttpSessionConnections httpSessions;

    public RealtimeWebSocketHandler(
            Handshakes handshakes,
            ProtocolSessions sessions,
            WebSocketSettings settings,
            WebSocketThreads threads,
            HttpSessionConnections httpSessions) {
        this.handshakes = handshakes;
        this.sessions = sessions;
        this.settings = settings;
        this.threads = threads;
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
        HandshakeRequest described = Requests.describe(request);
        Problem refusal = this.handshakes.refusal(described);
        if (refusal != null) {
            Problems.send(response, refusal);
            return;
        }
        String version = request.getHeader("Sec-WebSocket-Version");
        if (!"websocket".equalsIgnoreCase(request.getHeader("Upgrade"))
                || version == null
                || !version.trim().equals("13")) {
            response.setHeader("Upgrade", "websocket");
            response.setHeader("Connection", "Upgrade");
            response.setHeader("Sec-WebSocket-Version", "13");
            response.sendError(426);
            return;
        }
        if (!isHandshake(request)) {
            Problems.send(response, Problem.of(ErrorCode.BAD_REQUEST, "not a handshake of WebSocket"));
            return;
        }
        Subprotocols subprotocols = Subprotocols.of(Collections.list(request.getHeaders("Sec-WebSocket-Protocol")));
        if (!subprotocols.acceptable()) {
            Problems.send(response, Problem.of(ErrorCode.BAD_REQUEST, "no version of the protocol in common"));
            return;
        }
        Admission admission;
        HttpSession httpSession;
        try {
            admission = admit(described, subprotocols);
            httpSession = admission.byToken() ? null : this.httpSessions.of(request);
        } catch (RuntimeException ex) {
            Problems.send(response, this.handshakes.problem(ex));
            return;
        }
        upgrade(request, response, subprotocols, new WebSocketEndpoint.Opening(admission, httpSession));
    }

    /** The rest of RFC 6455, 4.2.1: to Jetty a handshake that is none is a failure of whoever wants to upgrade it. */
    private static boolean isHandshake(HttpServletRequest request) {
        String key = request.getHeader("Sec-WebSocket-Key");
        return key != null
                && !key.isBlank()
                && !"HTTP/1.0".equals(request.getProtocol())
                && Collections.list(request.getHeaders("Connection")).stream()
                        .flatMap(header -> Stream.of(header.split(",")))
                        .anyMatch(token -> token.trim().equalsIgnoreCase("Upgrade"));
    }

    /** Waits for the authenticator, as the application's security does in its filters; never for the client. */
    private Admission admit(HandshakeRequest request, Subprotocols subprotocols) {
        String token = this.settings.bearerSubprotocol() ? subprotocols.token() : null;
        return this.handshakes.admit(request, token).toCompletableFuture().join();
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
        String agreed = subprotocols.agreed();
        String subprotocol = agreed == null ? "" : agreed;
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
