package io.github.realtimespring.test;

import java.security.Principal;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Who the clients of this test are: a server in the same process recognises them by a ticket in their requests, so a test
 * names users without passwords, with a socket as without. Tickets end with the test method.
 */
final class TestPrincipals {

    static final String HEADER = "X-Realtime-Tester";

    private final SecureRandom random = new SecureRandom();
    private final Map<String, Optional<Principal>> tickets = new ConcurrentHashMap<>();

    String ticket(@Nullable Principal principal) {
        byte[] bytes = new byte[16];
        this.random.nextBytes(bytes);
        String ticket = HexFormat.of().formatHex(bytes);
        this.tickets.put(ticket, Optional.ofNullable(principal));
        return ticket;
    }

    /** Whose ticket that is; {@code null} if it is none. */
    @Nullable
    Optional<Principal> find(@Nullable String ticket) {
        return ticket == null ? null : this.tickets.get(ticket);
    }

    void forget() {
        this.tickets.clear();
    }
}
