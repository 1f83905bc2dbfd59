package io.github.realtimespring.handler;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.EventId;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RealtimeException.Detail;
import jakarta.validation.ConstraintViolation;
import jakarta.validation.ConstraintViolationException;
import jakarta.validation.ElementKind;
import jakarta.validation.Path;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.UndeclaredThrowableException;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.TypeMismatchException;
import org.springframework.context.MessageSourceResolvable;
import org.springframework.core.convert.ConversionException;
import org.springframework.messaging.MessagingException;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.handler.annotation.support.MethodArgumentNotValidException;
import org.springframework.security.access.AccessDeniedException;
import org.springframework.security.core.AuthenticationException;
import org.springframework.validation.Errors;
import org.springframework.validation.FieldError;
import org.springframework.validation.ObjectError;
import org.springframework.validation.method.MethodValidationException;
import org.springframework.validation.method.ParameterErrors;
import org.springframework.validation.method.ParameterValidationResult;
import org.springframework.web.ErrorResponse;
import tools.jackson.core.JacksonException;

/**
 * What the client is told when a handler fails: one table for every transport (SPEC §8). Messages of unknown failures stay
 * here, in the log, under an id that the client gets; names of classes never leave.
 */
final class HandlerFailures {

    private static final Logger logger = LoggerFactory.getLogger(HandlerFailures.class);

    private static final String NOT_VALID = "the payload is not valid";

    private HandlerFailures() {}

    /** The failure itself, out of the wrappers of stages and reflection. */
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure;
        while ((cause instanceof CompletionException
                        || cause instanceof ExecutionException
                        || cause instanceof InvocationTargetException
                        || cause instanceof UndeclaredThrowableException)
                && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    /**
     * @param resolving whether it happened while the arguments were made, so that a conversion that failed is the
     *     client's fault
     * @param where the method, for the log
     */
    static RealtimeException answer(Throwable failure, boolean resolving, String where) {
        RealtimeException known = known(failure, resolving);
        if (known != null) {
            return known;
        }
        String id = EventId.next(System.currentTimeMillis());
        logger.error("{} failed, error id {}", where, id, Loggable.of(failure));
        return new RealtimeException(ErrorCode.INTERNAL, "internal error " + id, failure);
    }

    private static @Nullable RealtimeException known(Throwable failure, boolean resolving) {
        if (failure instanceof RealtimeException answer) {
            return answer;
        }
        if (failure instanceof MethodArgumentNotValidException invalid) {
            Errors errors = invalid.getBindingResult();
            return notValid(failure, errors == null ? List.of() : details(errors));
        }
        if (failure instanceof MessageConversionException && failure.getCause() instanceof JacksonException malformed) {
            return notValid(failure, details(malformed));
        }
        if (failure instanceof MethodValidationException invalid && !invalid.isForReturnValue()) {
            return notValid(failure, details(invalid));
        }
        if (Libraries.VALIDATION && Constraints.isInvalidInput(failure)) {
            return notValid(failure, Constraints.details(failure));
        }
        if (resolving
                && (failure instanceof ConversionException
                        || failure instanceof TypeMismatchException
                        || failure instanceof MessagingException)) {
            return notValid(failure, List.of());
        }
        if (Libraries.SECURITY) {
            RealtimeException refused = Security.answer(failure);
            if (refused != null) {
                return refused;
            }
        }
        return Libraries.WEB ? Web.answer(failure) : null;
    }

    private static RealtimeException notValid(Throwable cause, List<Detail> details) {
        return new RealtimeException(ErrorCode.INVALID_PAYLOAD, NOT_VALID, false, null, details, cause);
    }

    private static List<Detail> details(Errors errors) {
        List<Detail> details = new ArrayList<>();
        for (ObjectError error : errors.getAllErrors()) {
            details.add(new Detail(error instanceof FieldError field ? field.getField() : "", text(error)));
        }
        return details;
    }

    private static List<Detail> details(MethodValidationException invalid) {
        List<Detail> details = new ArrayList<>();
        for (ParameterValidationResult result : invalid.getParameterValidationResults()) {
            if (result instanceof ParameterErrors errors) {
                details.addAll(details((Errors) errors));
            } else {
                String name = result.getMethodParameter().getParameterName();
                result.getResolvableErrors()
                        .forEach(error -> details.add(new Detail(name == null ? "" : name, text(error))));
            }
        }
        return details;
    }

    private static List<Detail> details(JacksonException malformed) {
        StringBuilder path = new StringBuilder();
        for (JacksonException.Reference step : malformed.getPath()) {
            if (step.getPropertyName() == null) {
                path.append('[').append(step.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(step.getPropertyName());
            }
        }
        return List.of(new Detail(path.toString(), "has the wrong form"));
    }

    private static String text(MessageSourceResolvable error) {
        String message = error.getDefaultMessage();
        return message == null ? "is not valid" : message;
    }

    /** Loaded only where Bean Validation is. */
    private static final class Constraints {

        static boolean isInvalidInput(Throwable failure) {
            return failure instanceof ConstraintViolationException invalid
                    && invalid.getConstraintViolations() != null
                    && invalid.getConstraintViolations().stream().noneMatch(Constraints::isReturnValue);
        }

        private static boolean isReturnValue(ConstraintViolation<?> violation) {
            for (Path.Node node : violation.getPropertyPath()) {
                if (node.getKind() == ElementKind.RETURN_VALUE) {
                    return true;
                }
            }
            return false;
        }

        static List<Detail> details(Throwable failure) {
            List<Detail> details = new ArrayList<>();
            for (ConstraintViolation<?> violation :
                    ((ConstraintViolationException) failure).getConstraintViolations()) {
                StringJoiner properties = new StringJoiner(".");
                String parameter = "";
                for (Path.Node node : violation.getPropertyPath()) {
                    if (node.getKind() == ElementKind.PROPERTY) {
                        properties.add(node.toString());
                    } else if (node.getKind() == ElementKind.PARAMETER) {
                        parameter = node.getName();
                    }
                }
                details.add(new Detail(
                        properties.length() == 0 ? parameter : properties.toString(), violation.getMessage()));
            }
            return details;
        }
    }

    /** Loaded only where Spring Security is. */
    private static final class Security {

        static @Nullable RealtimeException answer(Throwable failure) {
            if (failure instanceof AccessDeniedException) {
                return new RealtimeException(ErrorCode.FORBIDDEN, "access denied", failure);
            }
            if (failure instanceof AuthenticationException) {
                return new RealtimeException(ErrorCode.UNAUTHORIZED, "this needs a user", failure);
            }
            return null;
        }
    }

    /** Loaded only where spring-web is. */
    private static final class Web {

        static @Nullable RealtimeException answer(Throwable failure) {
            if (!(failure instanceof ErrorResponse response)) {
                return null;
            }
            ErrorCode code = code(response.getStatusCode().value());
            String detail = response.getBody().getDetail();
            return code == null
                    ? null
                    : new RealtimeException(code, detail == null ? code.wireName() : detail, failure);
        }

        private static @Nullable ErrorCode code(int status) {
            return switch (status) {
                case 401 -> ErrorCode.UNAUTHORIZED;
                case 403 -> ErrorCode.FORBIDDEN;
                case 404, 410 -> ErrorCode.NOT_FOUND;
                case 408, 504 -> ErrorCode.TIMEOUT;
                case 409, 412 -> ErrorCode.CONFLICT;
                case 413 -> ErrorCode.TOO_LARGE;
                case 422 -> ErrorCode.INVALID_PAYLOAD;
                case 429 -> ErrorCode.RATE_LIMITED;
                case 503 -> ErrorCode.UNAVAILABLE;
                default -> status >= 400 && status < 500 ? ErrorCode.BAD_REQUEST : null;
            };
        }
    }

    /** A failure as it is logged: its message may repeat input, so nothing in it breaks the line. */
    private static final class Loggable extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private static final int MAX_CAUSES = 20;

        private final String text;

        private Loggable(Throwable failure, @Nullable Throwable cause) {
            super(null, cause, false, true);
            this.text = neutral(String.valueOf(failure));
            setStackTrace(failure.getStackTrace());
        }

        static Throwable of(Throwable failure) {
            return copy(failure, 0);
        }

        private static Throwable copy(Throwable failure, int depth) {
            Throwable cause = failure.getCause();
            return new Loggable(failure, cause == null || depth == MAX_CAUSES ? null : copy(cause, depth + 1));
        }

        private static String neutral(String text) {
            return text.codePoints()
                    .map(c -> Character.isISOControl(c)
                                    || Character.getType(c) == Character.FORMAT
                                    || Character.getType(c) == Character.LINE_SEPARATOR
                                    || Character.getType(c) == Character.PARAGRAPH_SEPARATOR
                            ? '�'
                            : c)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString();
        }

        @Override
        public String toString() {
            return this.text;
        }
    }
}
