package io.github.realtimespring.redis;

/**
 * A customizer of the client for Redis sets an option that the promises of the backplane depend on.
 *
 * @since 0.1.0
 */
public final class ReservedOptionException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String option;

    ReservedOptionException(String option) {
        super("the option '" + option + "' of the client for Redis is not the application's");
        this.option = option;
    }

    /** Its name at {@code ClientOptions.Builder}. */
    public String option() {
        return this.option;
    }
}
