package io.github.realtimespring.handler;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RoomError;
import io.github.realtimespring.room.LeaveReason;
import java.security.Principal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;

/** Gives parameters what belongs to the call, by their type: room, connection, principal, join request, reason. */
final class CallArgumentResolver implements HandlerMethodArgumentResolver {

    private final RealtimeTemplate template;

    CallArgumentResolver(RealtimeTemplate template) {
        this.template = template;
    }

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        Class<?> type = typeOf(parameter);
        return type == Room.class
                || type == RealtimeConnection.class
                || type == JoinRequest.class
                || type == LeaveReason.class
                || Principal.class.isAssignableFrom(type);
    }

    @Override
    public @Nullable Object resolveArgument(MethodParameter parameter, Message<?> message) {
        RoomMessage room = (RoomMessage) message;
        RoomCall call = room.call();
        Class<?> type = typeOf(parameter);
        Object value;
        if (type == Room.class) {
            value = this.template.room(call.key(), call.connection().id());
        } else if (type == RealtimeConnection.class) {
            value = call.connection();
        } else if (type == JoinRequest.class) {
            value = room.joinRequest();
        } else if (type == LeaveReason.class) {
            value = room.reason();
        } else {
            Principal principal = call.connection().principal();
            value = type.isInstance(principal) ? principal : null;
            if (value == null && !parameter.isOptional()) {
                throw RoomError.of(ErrorCode.UNAUTHORIZED, "this needs a user");
            }
        }
        return parameter.getParameterType() == Optional.class ? Optional.ofNullable(value) : value;
    }

    private static Class<?> typeOf(MethodParameter parameter) {
        return parameter.nestedIfOptional().getNestedParameterType();
    }
}
