package io.github.realtimespring.handler.annotation;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.Method;
import java.lang.reflect.Type;
import org.springframework.aot.hint.BindingReflectionHintsRegistrar;
import org.springframework.aot.hint.ExecutableMode;
import org.springframework.aot.hint.ReflectionHints;
import org.springframework.aot.hint.annotation.ReflectiveProcessor;
import org.springframework.beans.BeanUtils;

/** Keeps handler methods callable, and the types they take and return readable, in a native image. */
final class RoomReflectiveProcessor implements ReflectiveProcessor {

    private final BindingReflectionHintsRegistrar binding = new BindingReflectionHintsRegistrar();

    @Override
    public void registerReflectionHints(ReflectionHints hints, AnnotatedElement element) {
        if (element instanceof Class<?> type) {
            this.binding.registerReflectionHints(hints, type);
        } else if (element instanceof Method method) {
            hints.registerMethod(method, ExecutableMode.INVOKE);
            for (int i = 0; i < method.getParameterCount(); i++) {
                if (!BeanUtils.isSimpleProperty(method.getParameterTypes()[i])
                        && !method.getParameterTypes()[i].isInterface()) {
                    bind(hints, method.getGenericParameterTypes()[i]);
                }
            }
            if (method.getReturnType() != void.class && !BeanUtils.isSimpleProperty(method.getReturnType())) {
                bind(hints, method.getGenericReturnType());
            }
        }
    }

    private void bind(ReflectionHints hints, Type type) {
        this.binding.registerReflectionHints(hints, type);
    }
}
