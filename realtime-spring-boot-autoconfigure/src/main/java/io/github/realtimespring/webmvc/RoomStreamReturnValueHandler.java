package io.github.realtimespring.webmvc;

import io.github.realtimespring.handler.RoomStream;
import io.github.realtimespring.protocol.EventStream;
import io.github.realtimespring.protocol.EventStreams;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.core.MethodParameter;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.web.context.request.NativeWebRequest;
import org.springframework.web.method.support.HandlerMethodReturnValueHandler;
import org.springframework.web.method.support.ModelAndViewContainer;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerAdapter;

/**
 * Serves the {@link RoomStream} that a controller of the application returned; {@code null} is answered by 204, which
 * stops an {@code EventSource}.
 *
 * @since 0.1.0
 */
public final class RoomStreamReturnValueHandler implements HandlerMethodReturnValueHandler {

    private final RealtimeEventStreamHandler handler;
    private final EventStreams streams;

    public RoomStreamReturnValueHandler(RealtimeEventStreamHandler handler, EventStreams streams) {
        this.handler = handler;
        this.streams = streams;
    }

    /** Makes {@code adapter} ask this first: the handler of {@code @ResponseBody} would take every value. */
    public void addTo(RequestMappingHandlerAdapter adapter) {
        List<HandlerMethodReturnValueHandler> handlers = new ArrayList<>();
        handlers.add(this);
        handlers.addAll(Objects.requireNonNullElse(adapter.getReturnValueHandlers(), List.of()));
        adapter.setReturnValueHandlers(handlers);
    }

    @Override
    public boolean supportsReturnType(MethodParameter returnType) {
        return RoomStream.class == returnType.getParameterType();
    }

    @Override
    public void handleReturnValue(
            @Nullable Object returnValue,
            MethodParameter returnType,
            ModelAndViewContainer container,
            NativeWebRequest webRequest)
            throws IOException {
        container.setRequestHandled(true);
        HttpServletRequest request = Objects.requireNonNull(webRequest.getNativeRequest(HttpServletRequest.class));
        HttpServletResponse response = Objects.requireNonNull(webRequest.getNativeResponse(HttpServletResponse.class));
        if (HttpMethod.HEAD.matches(request.getMethod())) {
            response.setContentType(EventStream.MEDIA_TYPE);
        } else if (returnValue instanceof RoomStream stream) {
            this.handler.stream(
                    request, response, (handshake, described) -> this.streams.stream(handshake, described, stream));
        } else {
            response.setStatus(HttpStatus.NO_CONTENT.value());
        }
    }
}
