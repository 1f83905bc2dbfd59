package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.webflux.RealtimeHandlerMapping;
import java.util.Set;
import java.util.stream.Collectors;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.ApplicationContext;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.handler.AbstractUrlHandlerMapping;
import org.springframework.web.reactive.result.method.RequestMappingInfoHandlerMapping;

/** {@link BasePathCheck} for the handler mappings of WebFlux. */
final class ReactiveBasePathCheck implements SmartInitializingSingleton {

    private final ApplicationContext context;
    private final RealtimeHandlerMapping mapping;

    ReactiveBasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        this.context = context;
        this.mapping = mapping;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Set<String> paths =
                this.mapping.getUrlMap().keySet().stream().map(Object::toString).collect(Collectors.toSet());
        this.context.getBeansOfType(HandlerMapping.class, true, false).forEach((name, other) -> {
            if (other instanceof RequestMappingInfoHandlerMapping controllers) {
                controllers
                        .getHandlerMethods()
                        .forEach((info, method) ->
                                info.getDirectPaths().forEach(path -> check(paths, path, method.getShortLogMessage())));
            } else if (other instanceof AbstractUrlHandlerMapping urls && other != this.mapping) {
                urls.getHandlerMap()
                        .forEach((pattern, handler) -> check(
                                paths,
                                pattern.getPatternString(),
                                handler.getClass().getSimpleName()));
            }
        });
    }

    private static void check(Set<String> paths, String path, String handler) {
        if (paths.contains(path)) {
            throw new BasePathClashException(path, handler);
        }
    }
}
