package io.github.realtimespring.test;

import java.security.Principal;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Who connects.
 *
 * @param principal who it is for the application of this test, or {@code null}
 * @param login how it says so to a server, or {@code null}
 * @param headers of the handshake, beside those of the login
 */
record TestClient(@Nullable Principal principal, @Nullable ClientLogin login, Map<String, List<String>> headers) {

    TestClient {
        headers = Map.copyOf(headers);
    }
}
