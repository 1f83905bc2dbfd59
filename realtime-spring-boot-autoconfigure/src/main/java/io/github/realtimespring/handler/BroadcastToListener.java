package io.github.realtimespring.handler;

import io.github.realtimespring.handler.annotation.BroadcastTo;
import java.util.Optional;
import java.util.concurrent.ConcurrentMap;
import org.springframework.context.ApplicationListener;
import org.springframework.context.PayloadApplicationEvent;
import org.springframework.core.annotation.AnnotatedElementUtils;
import org.springframework.util.ConcurrentReferenceHashMap;

/**
 * Sends application events whose type is {@link BroadcastTo} to their room, after the transaction that published them.
 *
 * @since 0.1.0
 */
public final class BroadcastToListener implements ApplicationListener<PayloadApplicationEvent<?>> {

    private final RealtimeTemplate template;
    private final ConcurrentMap<Class<?>, Optional<Route>> routes = new ConcurrentReferenceHashMap<>();

    private record Route(RoomPattern pattern, String tenant) {}

    public BroadcastToListener(RealtimeTemplate template) {
        this.template = template;
    }

    @Override
    public void onApplicationEvent(PayloadApplicationEvent<?> event) {
        Object payload = event.getPayload();
        this.routes
                .computeIfAbsent(payload.getClass(), BroadcastToListener::route)
                .ifPresent(route -> broadcast(route, payload));
    }

    private void broadcast(Route route, Object payload) {
        PropertyAccess properties = this.template.types().properties();
        RealtimeTemplate inTenant = this.template;
        if (!route.tenant().isEmpty()) {
            Object tenant = properties.read(payload, route.tenant());
            if (tenant == null) {
                throw new IllegalStateException(
                        "the tenant of " + payload.getClass().getSimpleName() + " is null");
            }
            inTenant = this.template.tenant(tenant.toString());
        }
        inTenant.room(route.pattern(), name -> properties.read(payload, name))
                .afterCommit()
                .send(payload);
    }

    private static Optional<Route> route(Class<?> type) {
        return Optional.ofNullable(AnnotatedElementUtils.findMergedAnnotation(type, BroadcastTo.class))
                .map(to -> new Route(RoomPattern.parse(to.value()), to.tenant()));
    }
}
