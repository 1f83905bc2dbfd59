package io.github.realtimespring.autoconfigure;

/** A path below the base path has another handler. */
final class BasePathClashException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String path;
    private final String handler;

    BasePathClashException(String path, String handler) {
        super(path + " is also handled by " + handler);
        this.path = path;
        this.handler = handler;
    }

    String path() {
        return this.path;
    }

    String handler() {
        return this.handler;
    }
}
