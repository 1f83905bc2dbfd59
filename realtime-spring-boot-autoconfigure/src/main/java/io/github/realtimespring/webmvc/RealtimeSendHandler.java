package io.github.realtimespring.webmvc;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.protocol.Handshake;
import io.github.realtimespring.protocol.HandshakeRequest;
import io.github.realtimespring.protocol.Handshakes;
import io.github.realtimespring.protocol.HttpAnswer;
import io.github.realtimespring.protocol.Problem;
import io.github.realtimespring.protocol.Sends;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.http.InvalidMediaTypeException;
import org.springframework.http.MediaType;
import org.springframework.web.HttpRequestHandler;

/**
 * Answers {@code POST <base-path>/send}: one {@code publish} frame, whose {@code ack} or {@code error} is the response
 * body (PROTOCOL). The application's security sees an ordinary request: protection against CSRF works as for any other.
 *
 * @since 0.1.0
 */
public final class RealtimeSendHandler implements HttpRequestHandler {

    private static final HttpAnswer NOT_ALLOWED =
            new HttpAnswer(HttpServletResponse.SC_METHOD_NOT_ALLOWED, null, Map.of("Allow", "POST"), new byte[0]);

    private final Handshakes handshakes;
    private final Sends sends;
    private final WebSocketThreads threads;
    private final Duration timeout;
    private final Duration patience;

    /**
     * @param timeout when a request ends that was not answered; longer than a handler may take
     * @param patience how long a client may take to read its answer
     */
    public RealtimeSendHandler(
            Handshakes handshakes, Sends sends, WebSocketThreads threads, Duration timeout, Duration patience) {
        this.handshakes = handshakes;
        this.sends = sends;
        this.threads = threads;
        this.timeout = timeout;
        this.patience = patience;
    }

    @Override
    public void handleRequest(HttpServletRequest request, HttpServletResponse response) throws IOException {
        HandshakeRequest described = Requests.describe(request);
        HttpAnswer refusal = "POST".equals(request.getMethod()) ? refusal(request, described) : NOT_ALLOWED;
        Handshake handshake = null;
        if (refusal == null) {
            try {
                handshake = this.handshakes.accept(described);
            } catch (RuntimeException ex) {
                refusal = this.sends.refused(this.handshakes.problem(ex));
            }
        }
        HttpExchange exchange = new HttpExchange(request, response, this.timeout, this.patience, this.threads);
        if (refusal != null || handshake == null) {
            HttpAnswer refused = refusal == null ? this.sends.tooLarge() : refusal;
            RequestBody.refuse(request, exchange, this.threads, refused);
            return;
        }
        Handshake accepted = handshake;
        String address = request.getRemoteAddr();
        RequestBody.read(
                request,
                exchange,
                this.threads,
                this.sends.maxBytes(),
                this.sends.tooLarge(),
                body -> this.sends.send(accepted, described, body, address, exchange));
    }

    private @Nullable HttpAnswer refusal(HttpServletRequest request, HandshakeRequest described) {
        Problem foreign = this.handshakes.foreignOrigin(described);
        if (foreign != null) {
            return this.sends.refused(foreign);
        }
        if (!isJson(request.getContentType())) {
            // What a form of another site can send is never JSON.
            return this.sends.refused(Problem.of(ErrorCode.BAD_REQUEST, "the body is application/json"));
        }
        return request.getContentLengthLong() > this.sends.maxBytes() ? this.sends.tooLarge() : null;
    }

    private static boolean isJson(@Nullable String type) {
        try {
            return type != null && MediaType.APPLICATION_JSON.isCompatibleWith(MediaType.parseMediaType(type));
        } catch (InvalidMediaTypeException ex) {
            return false;
        }
    }
}
