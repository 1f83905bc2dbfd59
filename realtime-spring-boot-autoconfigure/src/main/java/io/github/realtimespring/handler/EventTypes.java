package io.github.realtimespring.handler;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.util.EnumMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.jspecify.annotations.Nullable;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ConcurrentReferenceHashMap;

/**
 * What is known of the events that the application sends: name, delivery class and coalescing, from
 * {@link RealtimeEvent} on the type and from properties, which override it (SPEC §7).
 *
 * @since 0.1.0
 */
public final class EventTypes {

    private final Delivery defaultDelivery;
    private final Map<Delivery, DeliveryClass> classes = new EnumMap<>(Delivery.class);
    private final Map<String, Settings> settings;
    private final ConcurrentMap<Class<?>, Declared> declared = new ConcurrentReferenceHashMap<>();
    /** Names from {@link RealtimeEvent}: as many as the application has such types. */
    private final Set<String> annotated = ConcurrentHashMap.newKeySet();

    private final PropertyAccess properties = new PropertyAccess();

    /**
     * The properties of one event.
     *
     * @param delivery its class; {@code null} to leave it as declared
     * @param coalesceBy the property whose value coalesces; {@code null} to leave it as declared
     */
    public record Settings(
            @Nullable Delivery delivery, @Nullable String coalesceBy) {}

    /** What a type says about itself. */
    private record Declared(
            @Nullable String name,
            @Nullable Delivery delivery,
            @Nullable String coalesceBy) {}

    /**
     * One event as it is sent.
     *
     * @param name the event's name
     * @param delivery its class
     * @param coalesceBy the property whose value coalesces; {@code null} for none
     */
    public record Resolved(
            String name, DeliveryClass delivery, @Nullable String coalesceBy) {}

    /**
     * @param defaultDelivery the class of events that nothing is said about
     * @param classes what the classes do; a missing one does what SPEC §7 says
     * @param settings properties by event name
     * @throws InvalidEventTypeException if the settings of an event contradict its class
     */
    public EventTypes(Delivery defaultDelivery, Map<Delivery, DeliveryClass> classes, Map<String, Settings> settings) {
        this.defaultDelivery = defaultDelivery;
        for (Delivery delivery : Delivery.values()) {
            this.classes.put(delivery, classes.getOrDefault(delivery, DeliveryClass.of(delivery)));
        }
        this.settings = Map.copyOf(settings);
        this.settings.forEach((name, of) -> {
            if (of.delivery() != null || of.coalesceBy() != null) {
                resolve(name, new Declared(name, null, null));
            }
        });
    }

    /** Names and classes as declared, with the matrix of SPEC §7. */
    public EventTypes() {
        this(Delivery.STANDARD, Map.of(), Map.of());
    }

    /**
     * What is sent when {@code type} is sent.
     *
     * @param name the event's name; {@code null} for the one that the type declares
     * @throws InvalidEventTypeException if there is no name, or the declaration contradicts itself
     */
    public Resolved resolve(@Nullable String name, Class<?> type) {
        return resolve(name, this.declared.computeIfAbsent(type, this::read));
    }

    /** The value by which an event coalesces; {@code null} if it does not. */
    @Nullable
    String coalesceKey(Resolved event, Object data) {
        String property = event.coalesceBy();
        if (property == null) {
            return null;
        }
        try {
            Object value = this.properties.read(data, property);
            return value == null ? null : value.toString();
        } catch (IllegalArgumentException ex) {
            throw new InvalidEventTypeException(
                    event.name(), "it coalesces by what it does not have: " + ex.getMessage());
        }
    }

    PropertyAccess properties() {
        return this.properties;
    }

    /** Names that properties speak of. */
    public Set<String> configured() {
        return this.settings.keySet();
    }

    /** Whether properties speak of an event of this name, or a type that is {@link RealtimeEvent} and known by now. */
    public boolean isDeclared(String name) {
        return this.settings.containsKey(name) || this.annotated.contains(name);
    }

    private Resolved resolve(@Nullable String given, Declared declared) {
        String name = given == null || given.isEmpty() ? declared.name() : given;
        if (name == null) {
            throw new InvalidEventTypeException(
                    "?", "its type has no @RealtimeEvent; annotate it or name the event where it is sent");
        }
        if (!Event.isValidType(name)) {
            throw new InvalidEventTypeException(name, "a name has 1 to 100 letters, digits or . _ ~ : -");
        }
        Settings settings = this.settings.get(name);
        Delivery delivery = settings != null && settings.delivery() != null ? settings.delivery() : declared.delivery();
        String coalesceBy =
                settings != null && settings.coalesceBy() != null ? settings.coalesceBy() : declared.coalesceBy();
        DeliveryClass resolved =
                this.classes.getOrDefault(delivery == null ? this.defaultDelivery : delivery, DeliveryClass.STANDARD);
        if (coalesceBy != null && resolved.recoverable()) {
            throw new InvalidEventTypeException(
                    name,
                    "coalescing would skip events of " + resolved.name().wireName()
                            + ", which promises every event; remove coalesce-by or use ephemeral");
        }
        return new Resolved(name, resolved, coalesceBy);
    }

    private Declared read(Class<?> type) {
        RealtimeEvent event = AnnotatedElementUtils.findMergedAnnotation(type, RealtimeEvent.class);
        if (event == null) {
            return new Declared(null, null, null);
        }
        this.annotated.add(event.name());
        Delivery[] delivery = event.delivery();
        return new Declared(
                event.name(),
                delivery.length == 0 ? null : delivery[0],
                event.coalesceBy().isEmpty() ? null : event.coalesceBy());
    }
}
