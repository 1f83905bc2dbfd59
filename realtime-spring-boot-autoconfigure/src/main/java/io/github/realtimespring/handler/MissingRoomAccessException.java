package io.github.realtimespring.handler;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A room pattern without an access rule. The application does not start.
 *
 * @since 0.1.0
 */
public final class MissingRoomAccessException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String pattern;
    private final List<String> handlers;
    private final @Nullable String ineffective;

    /**
     * @param handlers the classes with handlers of the pattern
     * @param ineffective a method with {@code @PreAuthorize} that nobody enforces, because method security is not enabled;
     *     {@code null} if there is none
     */
    public MissingRoomAccessException(String pattern, List<String> handlers, @Nullable String ineffective) {
        super("room pattern '" + pattern + "' has no access rule"
                + (ineffective == null
                        ? ""
                        : ": method security is not enabled, so @PreAuthorize on " + ineffective + " has no effect"));
        this.pattern = pattern;
        this.handlers = List.copyOf(handlers);
        this.ineffective = ineffective;
    }

    public String pattern() {
        return this.pattern;
    }

    public List<String> handlers() {
        return this.handlers;
    }

    public @Nullable String ineffective() {
        return this.ineffective;
    }
}
