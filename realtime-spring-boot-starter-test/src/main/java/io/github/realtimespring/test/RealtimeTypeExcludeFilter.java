package io.github.realtimespring.test;

import io.github.realtimespring.fanout.RecipientCustomizer;
import io.github.realtimespring.handler.RoomAccessRule;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.protocol.IdentityCustomizer;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.TenantResolver;
import java.util.LinkedHashSet;
import java.util.Set;
import org.springframework.boot.jackson.JacksonComponent;
import org.springframework.boot.test.context.filter.annotation.StandardAnnotationCustomizableTypeExcludeFilter;
import org.springframework.core.convert.converter.Converter;
import org.springframework.core.convert.converter.GenericConverter;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolver;
import tools.jackson.databind.JacksonModule;

/** What a {@link RealtimeTest} loads of the application. */
final class RealtimeTypeExcludeFilter extends StandardAnnotationCustomizableTypeExcludeFilter<RealtimeTest> {

    private static final Set<Class<?>> INCLUDES = Set.of(
            RoomAccessRule.class,
            TenantResolver.class,
            IdentityCustomizer.class,
            RealtimeTokenAuthenticator.class,
            RecipientCustomizer.class,
            HandlerMethodArgumentResolver.class,
            Converter.class,
            GenericConverter.class,
            JacksonModule.class,
            JacksonComponent.class);

    private final Set<Class<?>> controllers;

    RealtimeTypeExcludeFilter(Class<?> testClass) {
        super(testClass);
        this.controllers =
                Set.of(getAnnotation().getValue("controllers", Class[].class).orElse(new Class<?>[0]));
    }

    @Override
    protected Set<Class<?>> getKnownIncludes() {
        if (!this.controllers.isEmpty()) {
            return INCLUDES;
        }
        Set<Class<?>> includes = new LinkedHashSet<>(INCLUDES);
        includes.add(RoomController.class);
        return includes;
    }

    @Override
    protected Set<Class<?>> getComponentIncludes() {
        return this.controllers;
    }
}
