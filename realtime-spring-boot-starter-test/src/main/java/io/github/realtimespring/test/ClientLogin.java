package io.github.realtimespring.test;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;

/**
 * How a client of a running server says who it is: the headers of its handshake. A server that keeps a login in a
 * session is asked for one here, once for each connection.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ClientLogin {

    /**
     * The headers to connect with.
     *
     * @param server the URL of the server, without a path of realtime
     * @throws IOException if the server cannot be asked
     * @throws AssertionError if it does not accept the login
     */
    Map<String, String> headers(URI server) throws IOException, InterruptedException;

    /** A name and a password with every handshake. */
    static ClientLogin basic(String user, String password) {
        byte[] pair = (user + ':' + password).getBytes(StandardCharsets.UTF_8);
        return authorization("Basic " + Base64.getEncoder().encodeToString(pair));
    }

    /** A bearer token. */
    static ClientLogin bearer(String token) {
        return authorization("Bearer " + token);
    }

    private static ClientLogin authorization(String value) {
        return server -> Map.of("Authorization", value);
    }

    /** A cookie, such as that of a session that the test began by itself. */
    static ClientLogin cookie(String name, String value) {
        return server -> Map.of("Cookie", name + '=' + value);
    }

    /** The login form of Spring Security at {@code /login}: a session that ends with the server. */
    static ClientLogin form(String user, String password) {
        return new FormLogin("/login", user, password);
    }

    /**
     * A login form at another path.
     *
     * @param path where the form is, and where it is sent to
     */
    static ClientLogin form(String path, String user, String password) {
        return new FormLogin(path, user, password);
    }
}
