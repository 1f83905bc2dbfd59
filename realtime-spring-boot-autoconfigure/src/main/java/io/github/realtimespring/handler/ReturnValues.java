package io.github.realtimespring.handler;

import java.security.Principal;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.core.ReactiveAdapter;
import org.springframework.core.ReactiveAdapterRegistry;
import org.springframework.core.ResolvableType;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import reactor.core.publisher.Mono;

/** Turns what a method returns into a stage: values, stages, and single-valued reactive types where Reactor is there. */
final class ReturnValues {

    private ReturnValues() {}

    static CompletionStage<@Nullable Object> stage(@Nullable Object value, @Nullable Principal principal) {
        if (value instanceof CompletionStage<?> stage) {
            return stage.thenApply(result -> result);
        }
        if (value != null && Libraries.REACTOR) {
            ReactiveAdapter adapter =
                    ReactiveAdapterRegistry.getSharedInstance().getAdapter(value.getClass());
            if (adapter != null) {
                return Reactive.stage(adapter, value, principal);
            }
        }
        return CompletableFuture.completedFuture(value);
    }

    /** What a method promises in the end: the type inside a stage or {@code Mono}. */
    static ResolvableType valueType(MethodParameter returned) {
        ResolvableType type = ResolvableType.forMethodParameter(returned);
        return isAsync(type.toClass()) ? type.getGeneric(0) : type;
    }

    /** Whether a type stands for more than one value. */
    static boolean isStream(Class<?> type) {
        ReactiveAdapter adapter =
                Libraries.REACTOR ? ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) : null;
        return adapter != null && adapter.isMultiValue();
    }

    private static boolean isAsync(Class<?> type) {
        return CompletionStage.class.isAssignableFrom(type)
                || (Libraries.REACTOR
                        && ReactiveAdapterRegistry.getSharedInstance().getAdapter(type) != null);
    }

    /** Loaded only where Reactor is. */
    private static final class Reactive {

        static CompletionStage<@Nullable Object> stage(
                ReactiveAdapter adapter, Object value, @Nullable Principal principal) {
            Mono<Object> mono = Mono.from(adapter.toPublisher(value));
            if (Libraries.SECURITY) {
                mono = Secured.with(mono, principal);
            }
            return mono.toFuture();
        }
    }

    /** Loaded only where Reactor and Spring Security are. */
    private static final class Secured {

        static Mono<Object> with(Mono<Object> mono, @Nullable Principal principal) {
            return principal instanceof Authentication authentication
                    ? mono.contextWrite(ReactiveSecurityContextHolder.withAuthentication(authentication))
                    : mono;
        }
    }
}
