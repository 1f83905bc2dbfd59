package io.github.realtimespring.handler;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RoomError;
import java.lang.annotation.Annotation;
import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.context.expression.BeanFactoryResolver;
import org.springframework.core.MethodParameter;
import org.springframework.core.annotation.AnnotationUtils;
import org.springframework.expression.Expression;
import org.springframework.expression.spel.standard.SpelExpressionParser;
import org.springframework.expression.spel.support.StandardEvaluationContext;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.util.ClassUtils;

/**
 * Gives {@link AuthenticationPrincipal} parameters the principal of the connection's authentication. Spring Security's own
 * resolver sits in a module that applications rarely have, and without one the payload would take its place.
 */
final class SecurityArguments implements HandlerMethodArgumentResolver {

    private final SpelExpressionParser parser = new SpelExpressionParser();
    private final BeanFactory beans;

    SecurityArguments(BeanFactory beans) {
        this.beans = beans;
    }

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return find(parameter) != null;
    }

    @Override
    public @Nullable Object resolveArgument(MethodParameter parameter, Message<?> message) {
        Principal user = ((RoomMessage) message).call().connection().principal();
        Object principal = user instanceof Authentication authentication ? authentication.getPrincipal() : null;
        AuthenticationPrincipal annotation = find(parameter);
        if (principal != null && annotation != null && !annotation.expression().isEmpty()) {
            StandardEvaluationContext context = new StandardEvaluationContext(principal);
            context.setVariable("this", principal);
            context.setBeanResolver(new BeanFactoryResolver(this.beans));
            Expression expression = this.parser.parseExpression(annotation.expression());
            principal = expression.getValue(context);
        }
        if (principal != null && !ClassUtils.isAssignableValue(parameter.getParameterType(), principal)) {
            if (annotation != null && annotation.errorOnInvalidType()) {
                throw new ClassCastException(
                        "the principal is not a " + parameter.getParameterType().getName());
            }
            principal = null;
        }
        if (principal == null && !parameter.isOptional()) {
            throw RoomError.of(ErrorCode.UNAUTHORIZED, "this needs a user");
        }
        return principal;
    }

    private static @Nullable AuthenticationPrincipal find(MethodParameter parameter) {
        AuthenticationPrincipal direct = parameter.getParameterAnnotation(AuthenticationPrincipal.class);
        if (direct != null) {
            return direct;
        }
        for (Annotation annotation : parameter.getParameterAnnotations()) {
            AuthenticationPrincipal meta =
                    AnnotationUtils.findAnnotation(annotation.annotationType(), AuthenticationPrincipal.class);
            if (meta != null) {
                return meta;
            }
        }
        return null;
    }
}
