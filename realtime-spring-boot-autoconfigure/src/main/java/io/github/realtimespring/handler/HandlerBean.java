package io.github.realtimespring.handler;

import java.lang.reflect.Method;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.messaging.handler.annotation.support.AnnotationExceptionHandlerMethodResolver;

/** A bean with handler methods: fetched when it is first needed, kept if it is a singleton. */
final class HandlerBean {

    private final BeanFactory beans;
    private final String name;
    private final Class<?> type;
    private final boolean singleton;
    private final AnnotationExceptionHandlerMethodResolver exceptionHandlers;
    private volatile @Nullable Object instance;

    /** @param type the class that was written, not that of a proxy */
    HandlerBean(BeanFactory beans, String name, Class<?> type) {
        this.beans = beans;
        this.name = name;
        this.type = type;
        this.singleton = beans.isSingleton(name);
        this.exceptionHandlers = new AnnotationExceptionHandlerMethodResolver(type);
    }

    String name() {
        return this.name;
    }

    Class<?> type() {
        return this.type;
    }

    boolean isSingleton() {
        return this.singleton;
    }

    Object instance() {
        Object known = this.instance;
        if (known == null) {
            known = this.beans.getBean(this.name);
            if (this.singleton) {
                this.instance = known;
            }
        }
        return known;
    }

    /** The method of this bean that handles a failure. */
    @Nullable
    Method exceptionHandler(Throwable failure) {
        return this.exceptionHandlers.hasExceptionMappings() ? this.exceptionHandlers.resolveMethod(failure) : null;
    }

    String describe(Method method) {
        return this.type.getSimpleName() + "." + method.getName();
    }
}
