package io.github.realtimespring.handler;

import io.github.realtimespring.room.LeaveReason;
import java.lang.annotation.Annotation;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.config.ConfigurableBeanFactory;
import org.springframework.core.MethodParameter;
import org.springframework.messaging.handler.annotation.Payload;
import org.springframework.messaging.handler.annotation.support.HeaderMethodArgumentResolver;
import org.springframework.messaging.handler.annotation.support.HeadersMethodArgumentResolver;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolverComposite;

/** Where the arguments of handler methods come from, and whether a method can be called at all. */
final class HandlerArguments {

    /** Annotations of these give a parameter a meaning that it does not have here. */
    private static final List<String> FOREIGN = List.of(
            "org.springframework.web.bind.annotation.",
            "org.springframework.security.",
            "org.springframework.messaging.handler.annotation.");

    private final List<HandlerMethodArgumentResolver> resolvers = new ArrayList<>();
    private final HandlerMethodArgumentResolverComposite composite = new HandlerMethodArgumentResolverComposite();
    private final boolean validation;

    HandlerArguments(ListableBeanFactory beans, RealtimeTemplate template, HandlerSettings settings) {
        this.resolvers.add(new RoomVariableArgumentResolver(settings.conversion()));
        this.resolvers.add(new HeaderMethodArgumentResolver(
                settings.conversion(), beans instanceof ConfigurableBeanFactory factory ? factory : null));
        this.resolvers.add(new HeadersMethodArgumentResolver());
        if (Libraries.SECURITY) {
            this.resolvers.add(new SecurityArguments(beans));
        }
        this.resolvers.add(new CallArgumentResolver(template));
        this.resolvers.addAll(settings.resolvers());
        this.composite.addResolvers(this.resolvers);
        this.composite.addResolver(new PayloadArgumentResolver(settings.json(), settings.validator()));
        this.validation = settings.validator() != null;
    }

    HandlerMethodArgumentResolverComposite composite() {
        return this.composite;
    }

    /**
     * Checks a method before anybody calls it.
     *
     * @return the parameter that gets the payload; {@code null} if there is none
     */
    @Nullable
    MethodParameter check(MethodParameter[] parameters, RoomMethod.Kind kind, RoomPattern pattern, String method) {
        MethodParameter payload = null;
        for (MethodParameter parameter : parameters) {
            HandlerMethodArgumentResolver resolver = this.resolvers.stream()
                    .filter(candidate -> candidate.supportsParameter(parameter))
                    .findFirst()
                    .orElse(null);
            if (resolver instanceof RoomVariableArgumentResolver) {
                checkVariable(parameter, pattern, method);
            } else if (resolver instanceof CallArgumentResolver) {
                checkType(parameter.getParameterType(), kind, method);
            } else if (resolver == null) {
                checkPayload(parameter, payload, kind, method);
                payload = parameter;
            }
        }
        return payload;
    }

    private static void checkVariable(MethodParameter parameter, RoomPattern pattern, String method) {
        String name = RoomVariableArgumentResolver.nameOf(parameter);
        if (name == null) {
            throw new InvalidRoomHandlerException(
                    method,
                    "has a @RoomVariable without a name",
                    "compile with -parameters or name it, as in @RoomVariable(\"projectId\")");
        }
        if (!pattern.names().contains(name)) {
            throw new MissingRoomVariableException(method, name, pattern.text(), pattern.names());
        }
    }

    private static void checkType(Class<?> type, RoomMethod.Kind kind, String method) {
        if (type == LeaveReason.class && kind != RoomMethod.Kind.LEFT) {
            throw new InvalidRoomHandlerException(
                    method, "asks for a LeaveReason", "only a @RoomLeft method has one; remove the parameter");
        }
        if (type == JoinRequest.class && kind != RoomMethod.Kind.ACCESS && kind != RoomMethod.Kind.JOINED) {
            throw new InvalidRoomHandlerException(
                    method,
                    "asks for a JoinRequest",
                    "only @RoomAccess and @RoomJoined methods have one; remove the parameter");
        }
    }

    private void checkPayload(
            MethodParameter parameter, @Nullable MethodParameter other, RoomMethod.Kind kind, String method) {
        String name = parameter.getParameterType().getSimpleName();
        for (Annotation annotation : parameter.getParameterAnnotations()) {
            String type = annotation.annotationType().getName();
            if (annotation.annotationType() != Payload.class && FOREIGN.stream().anyMatch(type::startsWith)) {
                throw new InvalidRoomHandlerException(
                        method,
                        "has a parameter with @" + annotation.annotationType().getSimpleName(),
                        "nothing here gives it a value; remove it or add a HandlerMethodArgumentResolver bean for it");
            }
        }
        if (kind == RoomMethod.Kind.LEFT) {
            throw new InvalidRoomHandlerException(
                    method, "has a parameter of type " + name, "a leave has no payload; remove the parameter");
        }
        if (other != null) {
            throw new InvalidRoomHandlerException(
                    method,
                    "has two parameters that take the payload, of types "
                            + other.getParameterType().getSimpleName() + " and " + name,
                    "keep one, or add a HandlerMethodArgumentResolver bean for the other");
        }
        if (!this.validation && PayloadArgumentResolver.isValidated(parameter)) {
            throw new InvalidRoomHandlerException(
                    method,
                    "asks for validation of " + name + ", but there is no Validator",
                    "add spring-boot-starter-validation");
        }
    }
}
