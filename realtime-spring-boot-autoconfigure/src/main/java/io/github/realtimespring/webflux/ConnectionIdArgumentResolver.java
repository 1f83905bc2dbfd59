package io.github.realtimespring.webflux;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.protocol.ClientHeaders;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.web.reactive.BindingContext;
import org.springframework.web.reactive.result.method.SyncHandlerMethodArgumentResolver;
import org.springframework.web.server.MissingRequestValueException;
import org.springframework.web.server.ServerWebExchange;

/**
 * Gives methods of the application's controllers the connection of the page that sent the request, from header {@code
 * X-Realtime-Connection}, for {@code except(self)}. A request without one, or with what is no id, has {@code null} where
 * the parameter may be, else 400.
 *
 * @since 0.1.0
 */
public final class ConnectionIdArgumentResolver implements SyncHandlerMethodArgumentResolver {

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return parameter.nestedIfOptional().getNestedParameterType() == ConnectionId.class;
    }

    @Override
    public @Nullable Object resolveArgumentValue(
            MethodParameter parameter, BindingContext context, ServerWebExchange exchange) {
        ConnectionId id =
                ClientHeaders.connection(exchange.getRequest().getHeaders().getFirst(ClientHeaders.CONNECTION));
        if (id == null && !parameter.isOptional()) {
            throw new MissingRequestValueException(ClientHeaders.CONNECTION, ConnectionId.class, "header", parameter);
        }
        return parameter.getParameterType() == Optional.class ? Optional.ofNullable(id) : id;
    }
}
