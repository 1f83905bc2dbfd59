package io.github.realtimespring.webmvc;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Polls;
import io.github.realtimespring.protocol.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.time.Duration;
import org.springframework.web.HttpRequestHandler;

/**
 * Answers {@code GET <base-path>/poll} (SPEC §9, PROTOCOL long polling): the origin is checked (403), the client is who the
 * application's security says it is, and a first poll needs room for one more connection (503).
 *
 * @since 0.1.0
 */
public final class RealtimePollHandler implements HttpRequestHandler {

    private final Handshakes handshakes;
    private final Polls polls;
    private final WebSocketThreads threads;
    private final HttpSessionConnections httpSessions;
    private final Duration patience;

    /**
     * @param patience how long a client may take to read its answer
     */
    public RealtimePollHandler(
            Handshakes handshakes,
            Polls polls,
            WebSocketThreads threads,
            HttpSessionConnections httpSessions,
            Duration patience) {
        this.handshakes = handshakes;
        this.polls = polls;
        this.threads = threads;
        this.httpSessions = httpSessions;
        this.patience = patience;
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        HandshakeRequest described = Requests.describe(request);
        Problem foreign = this.handshakes.foreignOrigin(described);
        if (foreign != null) {
            Problems.send(response, foreign);
            return;
        }
        Handshake handshake;
        HttpSession httpSession;
        try {
            handshake = this.handshakes.accept(described);
            httpSession = this.httpSessions.of(request);
        } catch (RuntimeException ex) {
            Problems.send(response, this.handshakes.problem(ex));
            return;
        }
        HttpExchange exchange = new HttpExchange(request, response, Duration.ZERO, this.patience, this.threads);
        Connection connection = this.polls.poll(
                handshake, described, request.getRemoteAddr(), this.handshakes.refusal(described), exchange);
        if (connection != null && httpSession != null) {
            exchange.onEnd(this.httpSessions.add(httpSession, connection)::remove);
        }
    }
}
