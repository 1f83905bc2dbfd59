package io.github.realtimespring;

/**
 * A name that may not become a {@link RoutingKey}. The message states the rule and does not repeat the input, so it is
 * safe to log and to send.
 *
 * @since 0.1.0
 */
public final class InvalidRoutingKeyException extends RealtimeException {

    private static final long serialVersionUID = 1L;

    public InvalidRoutingKeyException(String rule) {
        super(ErrorCode.BAD_REQUEST, rule);
    }
}
