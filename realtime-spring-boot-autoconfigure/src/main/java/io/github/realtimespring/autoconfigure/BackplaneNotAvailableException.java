package io.github.realtimespring.autoconfigure;

/** The property names a backplane that is not there. */
final class BackplaneNotAvailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String type;

    BackplaneNotAvailableException(String type) {
        super("no backplane '" + type + "'");
        this.type = type;
    }

    String type() {
        return this.type;
    }
}
