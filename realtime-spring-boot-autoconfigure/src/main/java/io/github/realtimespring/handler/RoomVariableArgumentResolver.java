package io.github.realtimespring.handler;

import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.handler.annotation.RoomVariable;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.core.convert.ConversionException;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.convert.TypeDescriptor;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;

/** Gives {@link RoomVariable} parameters the variables of the room's pattern. */
final class RoomVariableArgumentResolver implements HandlerMethodArgumentResolver {

    private static final TypeDescriptor TEXT = TypeDescriptor.valueOf(String.class);

    private final ConversionService conversion;

    RoomVariableArgumentResolver(ConversionService conversion) {
        this.conversion = conversion;
    }

    /** The name of the variable; {@code null} if it is not known. */
    static @Nullable String nameOf(MethodParameter parameter) {
        RoomVariable variable = parameter.getParameterAnnotation(RoomVariable.class);
        return variable == null || variable.value().isEmpty() ? parameter.getParameterName() : variable.value();
    }

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return parameter.hasParameterAnnotation(RoomVariable.class);
    }

    @Override
    public @Nullable Object resolveArgument(MethodParameter parameter, Message<?> message) {
        String name = nameOf(parameter);
        String value = name == null
                ? null
                : ((RoomMessage) message).call().match().variables().get(name);
        if (value == null || parameter.getParameterType() == String.class) {
            return value;
        }
        try {
            return this.conversion.convert(value, TEXT, new TypeDescriptor(parameter));
        } catch (ConversionException ex) {
            throw RoomError.invalidPayload(
                    "the name of the room is not valid",
                    new RealtimeException.Detail(String.valueOf(name), "has the wrong form"));
        }
    }
}
