package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.webmvc.RealtimeHandlerMapping;
import java.util.Map;
import java.util.Set;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.context.ApplicationContext;
import org.springframework.web.method.HandlerMethod;
import org.springframework.web.servlet.HandlerMapping;
import org.springframework.web.servlet.handler.AbstractUrlHandlerMapping;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

/** Looks for other handlers of the paths below the base path: one of the two would never be called. */
final class BasePathCheck implements SmartInitializingSingleton {

    private final ApplicationContext context;
    private final RealtimeHandlerMapping mapping;

    BasePathCheck(ApplicationContext context, RealtimeHandlerMapping mapping) {
        this.context = context;
        this.mapping = mapping;
    }

    @Override
    public void afterSingletonsInstantiated() {
        Set<String> paths = this.mapping.getUrlMap().keySet().stream()
                .map(Object::toString)
                .collect(java.util.stream.Collectors.toSet());
        this.context.getBeansOfType(HandlerMapping.class, true, false).forEach((name, other) -> {
            if (other instanceof RequestMappingInfoHandlerMapping controllers) {
                controllers.getHandlerMethods().forEach((info, method) -> check(paths, info, method));
            } else if (other instanceof AbstractUrlHandlerMapping urls && other != this.mapping) {
                check(paths, urls.getHandlerMap());
            }
        });
    }

    private static void check(Set<String> paths, RequestMappingInfo info, HandlerMethod method) {
        for (String path : info.getDirectPaths()) {
            if (paths.contains(path)) {
                throw new BasePathClashException(path, method.getShortLogMessage());
            }
        }
    }

    private static void check(Set<String> paths, Map<String, Object> handlers) {
        handlers.forEach((path, handler) -> {
            if (paths.contains(path)) {
                throw new BasePathClashException(path, handler.getClass().getSimpleName());
            }
        });
    }
}
