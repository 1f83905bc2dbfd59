package io.github.realtimespring.handler;

import io.github.realtimespring.RoomError;
import java.lang.annotation.Annotation;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Conventions;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.converter.MessageConversionException;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.handler.annotation.support.MethodArgumentNotValidException;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.validation.BeanPropertyBindingResult;
import org.springframework.validation.SmartValidator;
import org.springframework.validation.Validator;
import org.springframework.validation.annotation.ValidationAnnotationUtils;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JavaType;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Gives the payload to the {@link Payload} parameter, or to the one that nobody else has something for. */
final class PayloadArgumentResolver implements HandlerMethodArgumentResolver {

    private final JsonMapper json;
    private final @Nullable Validator validator;
    private final Map<MethodParameter, Target> targets = new ConcurrentHashMap<>();

    /** What is known of a parameter before the first call. */
    private record Target(JavaType type, boolean required, Object @Nullable [] hints, String name) {}

    PayloadArgumentResolver(JsonMapper json, @Nullable Validator validator) {
        this.json = json;
        this.validator = validator;
    }

    /** Whether {@code @Valid} or {@code @Validated} is on a parameter. */
    static boolean isValidated(MethodParameter parameter) {
        return hints(parameter) != null;
    }

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return true;
    }

    @Override
    public @Nullable Object resolveArgument(MethodParameter parameter, Message<?> message) {
        Target target = this.targets.computeIfAbsent(parameter, this::target);
        Object value = read(target, ((RoomMessage) message).getPayload());
        if (value == null && target.required()) {
            throw RoomError.invalidPayload("a payload is required");
        }
        if (value != null && target.hints() != null && this.validator != null) {
            BeanPropertyBindingResult result = new BeanPropertyBindingResult(value, target.name());
            if (this.validator instanceof SmartValidator smart && target.hints().length > 0) {
                smart.validate(value, result, target.hints());
            } else {
                this.validator.validate(value, result);
            }
            if (result.hasErrors()) {
                throw new MethodArgumentNotValidException(message, parameter, result);
            }
        }
        return parameter.getParameterType() == Optional.class ? Optional.ofNullable(value) : value;
    }

    private @Nullable Object read(Target target, JsonNode data) {
        if (data.isMissingNode() || data.isNull()) {
            return null;
        }
        try {
            return this.json.treeToValue(data, target.type());
        } catch (JacksonException ex) {
            throw new MessageConversionException("the payload does not have the form of its type", ex);
        }
    }

    private Target target(MethodParameter parameter) {
        Payload payload = parameter.getParameterAnnotation(Payload.class);
        return new Target(
                this.json.constructType(parameter.nestedIfOptional().getNestedGenericParameterType()),
                (payload == null || payload.required()) && !parameter.isOptional(),
                hints(parameter),
                Conventions.getVariableNameForParameter(parameter.nestedIfOptional()));
    }

    private static Object @Nullable [] hints(MethodParameter parameter) {
        for (Annotation annotation : parameter.getParameterAnnotations()) {
            Object[] hints = ValidationAnnotationUtils.determineValidationHints(annotation);
            if (hints != null) {
                return hints;
            }
        }
        return null;
    }
}
