package io.github.realtimespring.webmvc;

import io.github.realtimespring.protocol.Problem;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;

/** Answers a servlet request with a {@link Problem}; nothing of the body has been written before. */
final class Problems {

    private Problems() {}

    static void send(HttpServletResponse response, Problem problem) throws IOException {
        byte[] body = problem.json();
        response.setStatus(problem.status());
        String retryAfter = problem.retryAfterSeconds();
        if (retryAfter != null) {
            response.setHeader("Retry-After", retryAfter);
        }
        response.setHeader("Cache-Control", "no-store");
        response.setContentType(Problem.MEDIA_TYPE);
        response.setContentLength(body.length);
        response.getOutputStream().write(body);
    }
}
