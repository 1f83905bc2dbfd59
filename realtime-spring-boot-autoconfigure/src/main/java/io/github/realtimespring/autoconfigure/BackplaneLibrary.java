package io.github.realtimespring.autoconfigure;

import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;

/**
 * What a type of backplane needs on the class path and in the context.
 *
 * @param type the value of {@code realtime.backplane.type}
 * @param description the library's name
 * @param starter the dependency that brings it
 * @param probe a class of it
 * @param connection the type of the bean that connects
 * @param properties where the connection is configured
 */
record BackplaneLibrary(
        String type, String description, String starter, String probe, String connection, String properties) {

    static BackplaneLibrary of(RealtimeProperties.BackplaneType type) {
        return switch (type) {
            case LOCAL -> throw new IllegalArgumentException("the local backplane needs no library");
            case REDIS ->
                new BackplaneLibrary(
                        name(type),
                        "Spring Data Redis",
                        "org.springframework.boot:spring-boot-starter-data-redis",
                        "org.springframework.data.redis.connection.RedisConnectionFactory",
                        "RedisConnectionFactory",
                        "spring.data.redis.*");
            case KAFKA ->
                new BackplaneLibrary(
                        name(type),
                        "Spring for Apache Kafka",
                        "org.springframework.boot:spring-boot-starter-kafka",
                        "org.springframework.kafka.core.ProducerFactory",
                        "ProducerFactory",
                        "spring.kafka.*");
        };
    }

    private static String name(RealtimeProperties.BackplaneType type) {
        return type.name().toLowerCase(Locale.ROOT);
    }

    boolean isPresent(@Nullable ClassLoader classLoader) {
        return ClassUtils.isPresent(this.probe, classLoader);
    }
}
