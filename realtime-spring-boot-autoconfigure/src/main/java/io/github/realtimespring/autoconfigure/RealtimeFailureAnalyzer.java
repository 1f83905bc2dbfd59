package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.handler.AmbiguousRoomPatternException;
import io.github.realtimespring.handler.DuplicateRoomHandlerException;
import io.github.realtimespring.handler.InvalidEventTypeException;
import io.github.realtimespring.handler.InvalidRoomHandlerException;
import io.github.realtimespring.handler.InvalidRoomPatternException;
import io.github.realtimespring.handler.MissingRoomAccessException;
import io.github.realtimespring.handler.MissingRoomVariableException;
import io.github.realtimespring.kafka.KafkaTopicException;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.diagnostics.FailureAnalysis;
import org.springframework.boot.diagnostics.FailureAnalyzer;

/** Says of the mistakes that a first user makes what is wrong and what to change. */
final class RealtimeFailureAnalyzer implements FailureAnalyzer {

    @Override
    public @Nullable FailureAnalysis analyze(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            FailureAnalysis analysis = analyzeCause(cause);
            if (analysis != null) {
                return analysis;
            }
        }
        return null;
    }

    private static @Nullable FailureAnalysis analyzeCause(Throwable cause) {
        if (cause instanceof MissingRoomAccessException ex) {
            return missingAccess(ex);
        }
        if (cause instanceof InvalidRoomPatternException ex) {
            return analysis(
                    "The room pattern '" + ex.pattern() + "' is not well formed: " + ex.reason() + ".",
                    "Write words and variables separated by colons, as in 'project:{projectId}'.",
                    ex);
        }
        if (cause instanceof DuplicateRoomHandlerException ex) {
            return analysis(
                    ex.first() + " and " + ex.second() + " both handle "
                            + (ex.event() == null ? "the same step" : "event '" + ex.event() + "'") + " of the rooms '"
                            + ex.pattern() + "'.",
                    "Remove one of the two, or give it another event or pattern.",
                    ex);
        }
        if (cause instanceof MissingRoomVariableException ex) {
            return analysis(
                    ex.method() + " asks for the room variable '" + ex.variable() + "', which its pattern '"
                            + ex.pattern() + "' does not have.",
                    ex.variables().isEmpty()
                            ? "Add {" + ex.variable() + "} to the pattern; it has no variables."
                            : "Use one of its variables (" + String.join(", ", ex.variables()) + "), or add {"
                                    + ex.variable() + "} to the pattern.",
                    ex);
        }
        if (cause instanceof AmbiguousRoomPatternException ex) {
            return analysis(
                    "The room patterns '" + ex.first() + "' and '" + ex.second() + "' both match the room '"
                            + ex.example() + "', and neither is more specific.",
                    "Make one of them more specific, with a word in place of a variable.",
                    ex);
        }
        if (cause instanceof InvalidEventTypeException ex) {
            return analysis(
                    "The declaration of event '" + ex.event() + "' contradicts itself.", sentence(ex.reason()), ex);
        }
        if (cause instanceof InvalidRoomHandlerException ex) {
            return analysis("The handler method " + ex.method() + " " + ex.reason() + ".", sentence(ex.action()), ex);
        }
        if (cause instanceof BasePathClashException ex) {
            return analysis(
                    "The path " + ex.path() + " is also handled by " + ex.handler()
                            + "; one of the two would never be called.",
                    "Move the product with realtime.base-path, or the other handler to another path.",
                    ex);
        }
        if (cause instanceof UnusableBackplaneException ex) {
            return analysis(String.valueOf(ex.getMessage()), ex.action(), ex);
        }
        if (cause instanceof KafkaTopicException ex) {
            return analysis(String.valueOf(ex.getMessage()), ex.action(), ex);
        }
        return null;
    }

    private static FailureAnalysis missingAccess(MissingRoomAccessException ex) {
        String description = "The room pattern '" + ex.pattern() + "' of " + String.join(", ", ex.handlers())
                + " has no access rule, so nobody is asked whether a client may join.";
        if (ex.ineffective() != null) {
            return analysis(
                    "The room pattern '" + ex.pattern() + "' relies on the security annotation of " + ex.ineffective()
                            + ", which has no effect because method security is not enabled.",
                    "Add @EnableMethodSecurity to a configuration class, or a @RoomAccess method to "
                            + String.join(", ", ex.handlers()) + ".",
                    ex);
        }
        return analysis(
                description,
                "Do one of these:\n"
                        + "    - add a method with @RoomAccess that returns whether the user may join\n"
                        + "    - define a bean of type RoomAccessRule for the pattern\n"
                        + "    - write @PreAuthorize on its @RoomJoined method\n"
                        + "    - set open = true on @RoomController if everybody may join",
                ex);
    }

    private static FailureAnalysis analysis(String description, String action, Throwable cause) {
        return new FailureAnalysis(description, action, cause);
    }

    private static String sentence(String text) {
        String capital = Character.toUpperCase(text.charAt(0)) + text.substring(1);
        return capital.endsWith(".") ? capital : capital + ".";
    }
}
