package io.github.realtimespring.handler;

import java.util.List;

/**
 * A {@code @RoomVariable} that its pattern does not have. The application does not start.
 *
 * @since 0.1.0
 */
public final class MissingRoomVariableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String method;
    private final String variable;
    private final String pattern;
    private final List<String> variables;

    /**
     * @param method class and method
     * @param variables those that the pattern has
     */
    public MissingRoomVariableException(String method, String variable, String pattern, List<String> variables) {
        super(method + " asks for room variable '" + variable + "', which '" + pattern + "' does not have");
        this.method = method;
        this.variable = variable;
        this.pattern = pattern;
        this.variables = List.copyOf(variables);
    }

    public String method() {
        return this.method;
    }

    public String variable() {
        return this.variable;
    }

    public String pattern() {
        return this.pattern;
    }

    public List<String> variables() {
        return this.variables;
    }
}
