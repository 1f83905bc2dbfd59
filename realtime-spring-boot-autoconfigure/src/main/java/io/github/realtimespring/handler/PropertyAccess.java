package io.github.realtimespring.handler;

import java.beans.PropertyDescriptor;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.BeanUtils;
import org.springframework.util.ConcurrentReferenceHashMap;
import org.springframework.util.ReflectionUtils;
import tools.jackson.databind.JsonNode;

/** Reads one property of a record, a bean, a map or a JSON object. Accessors are looked up once per type. */
final class PropertyAccess {

    private final ConcurrentMap<Class<?>, ConcurrentMap<String, Optional<Method>>> accessors =
            new ConcurrentReferenceHashMap<>();

    /**
     * The value of a property, which may be {@code null}.
     *
     * @throws IllegalArgumentException if a record or bean has no such property
     */
    @Nullable
    Object read(Object source, String property) {
        if (source instanceof Map<?, ?> map) {
            return map.get(property);
        }
        if (source instanceof JsonNode node) {
            JsonNode value = node.get(property);
            return value == null || value.isNull() ? null : value.asString();
        }
        Method accessor = this.accessors
                .computeIfAbsent(source.getClass(), type -> new ConcurrentHashMap<>())
                .computeIfAbsent(property, name -> find(source.getClass(), name))
                .orElseThrow(() -> new IllegalArgumentException(
                        source.getClass().getSimpleName() + " has no property '" + property + "'"));
        return ReflectionUtils.invokeMethod(accessor, source);
    }

    private static Optional<Method> find(Class<?> type, String name) {
        Method accessor = type.isRecord() ? ReflectionUtils.findMethod(type, name) : null;
        if (accessor == null) {
            PropertyDescriptor property = BeanUtils.getPropertyDescriptor(type, name);
            accessor = property == null ? null : property.getReadMethod();
        }
        if (accessor != null) {
            ReflectionUtils.makeAccessible(accessor);
        }
        return Optional.ofNullable(accessor);
    }
}
