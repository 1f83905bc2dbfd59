package io.github.realtimespring.test;

import io.github.realtimespring.RealtimeException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * An error that a client was answered.
 *
 * @param code such as {@code forbidden}
 * @param message the text for people
 * @param retryable whether the same request may succeed later
 * @param details fields of the payload that are not valid
 * @since 0.1.0
 */
public record ErrorResult(String code, String message, boolean retryable, List<RealtimeException.Detail> details) {

    public ErrorResult {
        details = List.copyOf(details);
    }

    static ErrorResult of(JsonNode frame) {
        List<RealtimeException.Detail> details = new ArrayList<>();
        for (JsonNode detail : frame.path("details")) {
            details.add(new RealtimeException.Detail(
                    detail.path("field").asString(""), detail.path("message").asString("")));
        }
        return new ErrorResult(
                frame.path("code").asString(""),
                frame.path("message").asString(""),
                frame.path("retryable").asBoolean(false),
                details);
    }
}
