package io.github.realtimespring.webflux;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.connection.ConnectionTransport;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.connection.WireFormat;
import io.github.realtimespring.protocol.TextMessages;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.web.reactive.socket.WebSocketMessage;
import org.springframework.web.reactive.socket.WebSocketSession;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Drains one connection's queue into an ordinary {@link WebSocketSession}: what waits goes out as one text message each time
 * the server asks for one.
 */
final class SessionTransport implements ConnectionTransport {

    private static final Logger logger = LoggerFactory.getLogger(SessionTransport.class);

    /** How long a message in flight, and the peer's answer to a close, may take. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final WebSocketSession session;
    private final SinkDrain<WebSocketMessage> drain;

    SessionTransport(WebSocketSession session) {
        this.session = session;
        this.drain = new SinkDrain<>(frames -> session.textMessage(TextMessages.join(frames)));
    }

    /** What the session sends; for one subscriber. */
    Flux<WebSocketMessage> messages() {
        return this.drain.messages();
    }

    @Override
    public void wakeUp(SendQueue queue) {
        this.drain.wakeUp(queue);
    }

    @Override
    public void close(CloseReason reason) {
        this.session
                .close(SessionUpgrade.status(reason))
                .timeout(PATIENCE)
                .onErrorResume(failure -> {
                    logger.debug("Session was closed already or its peer is gone", failure);
                    return Mono.empty();
                })
                .subscribe();
    }

    @Override
    public WireFormat format() {
        return WireFormat.JSON_V1;
    }

    @Override
    public String name() {
        return "websocket";
    }
}
