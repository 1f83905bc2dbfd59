package io.github.realtimespring.webmvc;

import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.lang.reflect.Field;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.catalina.connector.Request;
import org.apache.catalina.connector.RequestFacade;
import org.apache.coyote.ActionCode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.util.ReflectionUtils;
import org.springframework.web.util.WebUtils;

/**
 * Cuts an exchange of Tomcat whose peer does not read ({@code docs/decisions/0013-http-transports.md}). Completing it would
 * block a thread of the container until the peer reads or the connection times out, for each of them; what Tomcat itself
 * does when a write fails closes the socket at once, but the servlet API has no word for it.
 *
 * <p>Only to be loaded on Tomcat.
 */
final class TomcatExchange implements AsyncResponse.Cut {

    private static final Logger logger = LoggerFactory.getLogger(TomcatExchange.class);

    private static final @Nullable Field REQUEST = field();

    private final org.apache.coyote.Request request;

    private TomcatExchange(org.apache.coyote.Request request) {
        this.request = request;
    }

    private static @Nullable Field field() {
        try {
            Field field = ReflectionUtils.findField(RequestFacade.class, "request", Request.class);
            if (field != null) {
                field.setAccessible(true);
            }
            return field;
        } catch (RuntimeException ex) {
            logger.debug("The exchanges of this Tomcat cannot be cut", ex);
            return null;
        }
    }

    /** The exchange of {@code request}; {@code null} if it does not show itself. */
    static @Nullable TomcatExchange of(HttpServletRequest request) {
        RequestFacade facade = WebUtils.getNativeRequest(request, RequestFacade.class);
        if (facade == null || REQUEST == null) {
            return null;
        }
        return ReflectionUtils.getField(REQUEST, facade) instanceof Request catalina
                ? new TomcatExchange(catalina.getCoyoteRequest())
                : null;
    }

    /**
     * Tomcat would read what is left, to use the connection again, with a thread of its own that waits for it; and the peer
     * can take its time. Only from a client that asked whether it may send, and was refused, it expects nothing more.
     */
    @Override
    public void leaveBody() {
        AtomicBoolean read = new AtomicBoolean();
        this.request.action(ActionCode.REQUEST_BODY_FULLY_READ, read);
        if (!read.get()) {
            this.request.setExpectation(true);
        }
    }

    @Override
    public void cut() {
        this.request.action(ActionCode.CLOSE_NOW, new IOException("the peer does not read"));
    }
}
