package io.github.realtimespring.protocol;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A whole answer to an HTTP request, for either web stack to write.
 *
 * @param mediaType of the body; {@code null} if there is none
 * @param headers besides the media type
 * @param body not to be written to
 * @since 0.1.0
 */
public record HttpAnswer(int status, @Nullable String mediaType, Map<String, String> headers, byte[] body) {

    private static final String JSON = "application/json";
    private static final byte[] NOTHING = {};

    public HttpAnswer {
        headers = Map.copyOf(headers);
    }

    static HttpAnswer json(int status, byte[] body) {
        return new HttpAnswer(status, JSON, Map.of("Cache-Control", "no-store"), body);
    }

    static HttpAnswer nothing(String header, String value) {
        return new HttpAnswer(204, null, Map.of("Cache-Control", "no-store", header, value), NOTHING);
    }

    /** A problem as the protocol has it. */
    public static HttpAnswer of(Problem problem) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("Cache-Control", "no-store");
        String retryAfter = problem.retryAfterSeconds();
        if (retryAfter != null) {
            headers.put("Retry-After", retryAfter);
        }
        return new HttpAnswer(problem.status(), Problem.MEDIA_TYPE, headers, problem.json());
    }

    HttpAnswer with(String header, String value) {
        Map<String, String> more = new LinkedHashMap<>(this.headers);
        more.put(header, value);
        return new HttpAnswer(this.status, this.mediaType, more, this.body);
    }

    @Override
    public String toString() {
        return "HttpAnswer[" + this.status + ", " + this.body.length + " bytes]";
    }
}
