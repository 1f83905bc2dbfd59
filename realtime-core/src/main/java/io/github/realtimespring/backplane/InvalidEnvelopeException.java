package io.github.realtimespring.backplane;

/** Bytes of a broker that are not to be used, and why. */
final class InvalidEnvelopeException extends Exception {

    private static final long serialVersionUID = 1L;

    private final Received reason;

    InvalidEnvelopeException(Received reason, String message) {
        super(message, null, false, false);
        this.reason = reason;
    }

    Received reason() {
        return this.reason;
    }
}
