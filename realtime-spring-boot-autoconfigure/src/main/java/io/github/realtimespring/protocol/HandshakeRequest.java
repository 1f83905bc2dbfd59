package io.github.realtimespring.protocol;

import java.net.URI;
import java.security.Principal;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a client sent to open a connection, on any transport: copied out of the HTTP request, which nothing keeps.
 *
 * @param uri the request's URI with its query
 * @param headers the request's headers; names are found in any case. {@code Sec-WebSocket-Protocol} is left out: it may hold
 *     a token, which {@link Subprotocols} reads
 * @param principal who the application's security says it is, or {@code null}
 * @since 0.1.0
 */
public record HandshakeRequest(
        URI uri,
        Map<String, List<String>> headers,
        @Nullable Principal principal) {

    private static final String SUBPROTOCOL = "Sec-WebSocket-Protocol";

    public HandshakeRequest {
        Map<String, List<String>> copy = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        headers.forEach((name, values) -> copy.put(name.toLowerCase(Locale.ROOT), List.copyOf(values)));
        copy.remove(SUBPROTOCOL);
        headers = java.util.Collections.unmodifiableMap(copy);
    }

    /** The same request of somebody else. */
    HandshakeRequest withPrincipal(Principal principal) {
        return new HandshakeRequest(this.uri, this.headers, principal);
    }

    /** The first value of a header, or {@code null}. */
    public @Nullable String header(String name) {
        List<String> values = this.headers.get(name);
        return values == null || values.isEmpty() ? null : values.get(0);
    }
}
