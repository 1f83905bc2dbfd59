package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.NodeCookie;
import jakarta.servlet.http.Cookie;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import org.springframework.http.HttpHeaders;
import org.springframework.web.servlet.HandlerInterceptor;
import org.springframework.web.util.WebUtils;

/**
 * Tells clients which node they are on, before anything else is done with their request.
 *
 * @since 0.1.0
 */
public final class NodeCookieInterceptor implements HandlerInterceptor {

    private final NodeCookie cookie;

    public NodeCookieInterceptor(NodeCookie cookie) {
        this.cookie = cookie;
    }

    @Override
    public boolean preHandle(HttpServletRequest request, HttpServletResponse response, Object handler) {
        Cookie sent = WebUtils.getCookie(request, this.cookie.name());
        String header =
                this.cookie.header(sent == null ? null : sent.getValue(), request.getContextPath(), request.isSecure());
        if (header != null) {
            response.addHeader(HttpHeaders.SET_COOKIE, header);
        }
        return true;
    }
}
