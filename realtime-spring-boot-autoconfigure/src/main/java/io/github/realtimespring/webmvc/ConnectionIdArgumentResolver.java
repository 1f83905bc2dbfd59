package io.github.realtimespring.webmvc;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.protocol.ClientHeaders;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.web.bind.MissingRequestHeaderException;
import org.springframework.web.bind.ServletRequestBindingException;
import org.springframework.web.bind.support.WebDataBinderFactory;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodArgumentResolver;
import org.springframework.web.method.support.ModelAndViewContainer;

/**
 * Gives methods of the application's controllers the connection of the page that sent the request, from header {@code
 * X-Realtime-Connection}, for {@code except(self)}. A request without one, or with what is no id, has {@code null} where
 * the parameter may be, else 400.
 *
 * @since 0.1.0
 */
public final class ConnectionIdArgumentResolver implements HandlerMethodArgumentResolver {

    @Override
    public boolean supportsParameter(MethodParameter parameter) {
        return parameter.nestedIfOptional().getNestedParameterType() == ConnectionId.class;
    }

    @Override
    public @Nullable Object resolveArgument(
            MethodParameter parameter,
            @Nullable ModelAndViewContainer container,
            NativeWebRequest request,
            @Nullable WebDataBinderFactory binders)
            throws ServletRequestBindingException {
        ConnectionId id = ClientHeaders.connection(request.getHeader(ClientHeaders.CONNECTION));
        if (id == null && !parameter.isOptional()) {
            throw new MissingRequestHeaderException(ClientHeaders.CONNECTION, parameter);
        }
        return parameter.getParameterType() == Optional.class ? Optional.ofNullable(id) : id;
    }
}
