package io.github.realtimespring.webmvc;

import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.EventStreams;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.function.BiFunction;
import org.springframework.web.HttpRequestHandler;

/**
 * Answers {@code GET <base-path>/sse} with an event stream (SPEC §9, PROTOCOL SSE). The origin is checked (403), room for
 * one more connection looked for (503), then the client is who the application's security says it is.
 *
 * @since 0.1.0
 */
public final class RealtimeEventStreamHandler implements HttpRequestHandler {

    private final Handshakes handshakes;
    private final EventStreams streams;
    private final WebSocketThreads threads;
    private final HttpSessionConnections httpSessions;

    public RealtimeEventStreamHandler(
            Handshakes handshakes,
            EventStreams streams,
            WebSocketThreads threads,
            HttpSessionConnections httpSessions) {
        this.handshakes = handshakes;
        this.streams = streams;
        this.threads = threads;
        this.httpSessions = httpSessions;
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        if (!"GET".equals(request.getMethod())) {
            response.setHeader("Allow", "GET");
            response.sendError(HttpServletResponse.SC_METHOD_NOT_ALLOWED);
            return;
        }
        stream(request, response, this.streams::stream);
    }

    /** Answers with the stream that {@code choose} makes of the handshake, or with a problem. */
    void stream(
            HttpServletRequest request,
            HttpServletResponse response,
            BiFunction<Handshake, HandshakeRequest, EventStream> choose)
            throws IOException {
        HandshakeRequest described = Requests.describe(request);
        Problem refusal = this.handshakes.refusal(described);
        if (refusal != null) {
            Problems.send(response, refusal);
            return;
        }
        if (this.streams.isOver(described)) {
            response.setStatus(HttpServletResponse.SC_NO_CONTENT);
            return;
        }
        try {
            EventStream stream = choose.apply(this.handshakes.accept(described), described);
            HttpSession httpSession = this.httpSessions.of(request);
            new EventStreamTransport(stream, this.threads, this.httpSessions).begin(request, response, httpSession);
        } catch (RealtimeException ex) {
            Problems.send(response, this.handshakes.problem(ex));
        }
    }
}
