package io.github.realtimespring.redis;

import io.github.realtimespring.backplane.NotSentException;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.RedisReadOnlyException;
import java.util.Set;
import java.util.concurrent.CompletionException;

/** What a failure of a command says about the command (rule B2 of {@code docs/contracts/backplane.md}). */
final class Failures {

    /** Answers of a server that has not begun with what it was asked. */
    private static final Set<String> REFUSALS = Set.of(
            "BUSY",
            "CLUSTERDOWN",
            "LOADING",
            "MASTERDOWN",
            "MISCONF",
            "MOVED",
            "ASK",
            "TRYAGAIN",
            "NOAUTH",
            "NOPERM",
            "NOREPLICAS",
            "NOSCRIPT",
            "OOM",
            "READONLY",
            "WRONGPASS");

    /** Of these, the answers that say nothing about what else the server keeps: a slot of a cluster is on its way. */
    private static final Set<String> MOVING = Set.of("MOVED", "ASK", "TRYAGAIN");

    private Failures() {}

    /** A {@link NotSentException} if the command was certainly not done. */
    static Throwable of(Throwable failure) {
        Throwable cause = unwrap(failure);
        if (cause instanceof RedisCommandExecutionException refused && isRefusal(refused)) {
            String code = code(refused);
            return MOVING.contains(code)
                    ? NotSentException.ofOneKey("Redis answers " + code, refused)
                    : new NotSentException("Redis answers " + code, refused);
        }
        return cause;
    }

    /** Whether the script is to be loaded again. */
    static boolean isNoScript(Throwable failure) {
        return unwrap(failure).getCause() instanceof RedisNoScriptException;
    }

    /** Whether the server of a cluster does not keep what it was asked for, or cannot now. */
    static boolean isNotHere(Throwable failure) {
        return told(failure) instanceof RedisCommandExecutionException refused
                && (MOVING.contains(code(refused)) || code(refused).equals("CLUSTERDOWN"));
    }

    /** Whether the user may not have that done. */
    static boolean isNotPermitted(Throwable failure) {
        return told(failure) instanceof RedisCommandExecutionException refused
                && code(refused).equals("NOPERM");
    }

    /** What the server answered. */
    private static Throwable told(Throwable failure) {
        Throwable cause = unwrap(failure);
        return cause instanceof NotSentException && cause.getCause() != null ? cause.getCause() : cause;
    }

    /** Whether the server was demoted. */
    static boolean isReadOnly(Throwable failure) {
        Throwable cause = unwrap(failure);
        return cause instanceof RedisReadOnlyException || cause.getCause() instanceof RedisReadOnlyException;
    }

    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    private static boolean isRefusal(RedisCommandExecutionException failure) {
        return REFUSALS.contains(code(failure));
    }

    private static String code(RedisCommandExecutionException failure) {
        String message = failure.getMessage() == null ? "" : failure.getMessage();
        int blank = message.indexOf(' ');
        return blank < 0 ? message : message.substring(0, blank);
    }
}
