package io.github.realtimespring.handler;

import java.lang.reflect.AccessibleObject;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import org.aopalliance.intercept.MethodInterceptor;
import org.aopalliance.intercept.MethodInvocation;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.Advisor;
import org.springframework.aop.framework.Advised;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.AopUtils;
import org.springframework.core.annotation.MergedAnnotations;
import org.springframework.core.annotation.MergedAnnotations.SearchStrategy;
import org.springframework.security.authorization.method.AuthorizationAdvisor;

/**
 * Asks the method security of a {@code @RoomJoined} method whether it would let the call through, without calling the
 * method: so {@code @PreAuthorize} on it decides before there is a membership.
 */
final class MethodSecurity {

    private static final String PRE_AUTHORIZE = "org.springframework.security.access.prepost.PreAuthorize";

    private MethodSecurity() {}

    /** Thrown in place of the method: every interceptor let the call through. */
    static final class LetThrough extends RuntimeException {

        private static final long serialVersionUID = 1L;

        LetThrough() {
            super("", null, false, false);
        }
    }

    /** Whether the method or its class has {@code @PreAuthorize}, enforced or not. */
    static boolean isDeclared(Method method, Class<?> type) {
        return (MergedAnnotations.from(method, SearchStrategy.TYPE_HIERARCHY).isPresent(PRE_AUTHORIZE)
                || MergedAnnotations.from(type, SearchStrategy.TYPE_HIERARCHY).isPresent(PRE_AUTHORIZE));
    }

    /** Whether the bean enforces it. */
    static boolean isEnforced(Object bean, Method method) {
        return !interceptors(bean, method).isEmpty();
    }

    /**
     * Runs the security interceptors of a method.
     *
     * @return what they returned in place of the method's value, which may be a reactive type that carries
     *     {@link LetThrough}
     * @throws LetThrough if they let the call through
     * @throws Throwable what they refused it with
     */
    static @Nullable Object ask(Object bean, Method method, @Nullable Object[] arguments) throws Throwable {
        List<MethodInterceptor> interceptors = interceptors(bean, method);
        if (interceptors.isEmpty()) {
            throw new IllegalStateException("method security is not enabled, nobody enforces @PreAuthorize");
        }
        return new Question(bean, method, arguments, interceptors).proceed();
    }

    private static List<MethodInterceptor> interceptors(Object bean, Method method) {
        List<MethodInterceptor> interceptors = new ArrayList<>();
        if (bean instanceof Advised advised) {
            for (Advisor advisor : advised.getAdvisors()) {
                // Spring Security wraps its advisors; what they advise with is the same.
                if (advisor.getAdvice() instanceof AuthorizationAdvisor security
                        && security.getPointcut().getMethodMatcher().matches(method, AopUtils.getTargetClass(bean))) {
                    interceptors.add(security);
                }
            }
        }
        return interceptors;
    }

    private static final class Question implements MethodInvocation {

        private final Object bean;
        private final Method method;
        private final @Nullable Object[] arguments;
        private final List<MethodInterceptor> interceptors;
        private int next;

        Question(Object bean, Method method, @Nullable Object[] arguments, List<MethodInterceptor> interceptors) {
            this.bean = bean;
            this.method = method;
            this.arguments = arguments;
            this.interceptors = interceptors;
        }

        @Override
        public Method getMethod() {
            return this.method;
        }

        @Override
        public @Nullable Object[] getArguments() {
            return this.arguments;
        }

        @Override
        public @Nullable Object proceed() throws Throwable {
            if (this.next == this.interceptors.size()) {
                throw new LetThrough();
            }
            return this.interceptors.get(this.next++).invoke(this);
        }

        @Override
        public Object getThis() {
            Object target = AopProxyUtils.getSingletonTarget(this.bean);
            return target == null ? this.bean : target;
        }

        @Override
        public AccessibleObject getStaticPart() {
            return this.method;
        }
    }
}
