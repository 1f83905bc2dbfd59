package io.github.realtimespring.protocol;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Identity;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Recognises clients that come back (PROTOCOL, {@code session}): every connection is told a random name, and who presents
 * it later is the same client, if it is the same user too. Bounded in number and time. Thread-safe.
 */
final class SessionNames {

    private static final int MAX_NAMES = 500_000;
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{22}");

    private final SecureRandom random = new SecureRandom();
    private final boolean severalNodes;
    private final Cache<String, Client> names;

    /** A client over its connections; {@code name} is the first name it was told. */
    record Client(
            String name, @Nullable String tenant, @Nullable String user) {}

    /** @param severalNodes whether other nodes give names that are not known here */
    SessionNames(Duration window, Ticker ticker, boolean severalNodes) {
        this.severalNodes = severalNodes;
        this.names = Caffeine.newBuilder()
                .maximumSize(MAX_NAMES)
                .expireAfterWrite(window)
                .ticker(ticker::nanos)
                .build();
    }

    /** A client that nobody knows yet. */
    Client create(Identity identity) {
        byte[] bytes = new byte[16];
        this.random.nextBytes(bytes);
        String name = Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
        return new Client(name, identity.tenant(), identity.user());
    }

    /**
     * The client of a connection that is being opened. An anonymous one that is recognised by the name that it says keeps
     * it: a second name would stand for the first on this node only, and its idempotency keys would be another client's
     * on the next one.
     *
     * @param said the name that it says before it is told one, if it says one
     */
    Client opened(Identity identity, @Nullable String said) {
        Client known = said == null || identity.user() != null ? null : recognise(said, identity);
        return known == null ? create(identity) : known;
    }

    /** Whether it has the form of one, known or not. */
    static boolean isName(String name) {
        return NAME.matcher(name).matches();
    }

    /** The client that was told {@code name}; {@code null} if it is not known or belongs to another user. */
    @Nullable
    Client find(String name, Identity identity) {
        Client client = this.names.getIfPresent(name);
        return client != null
                        && Objects.equals(client.user(), identity.user())
                        && Objects.equals(client.tenant(), identity.tenant())
                ? client
                : null;
    }

    /**
     * The client that says it was told {@code name}. One that no name is known of may have it from another node, and is
     * believed: whoever knows a name that is 128 bits at random was told it, and the name that somebody made up is nobody
     * else's.
     */
    @Nullable
    Client recognise(String name, Identity identity) {
        if (this.severalNodes && isName(name) && this.names.getIfPresent(name) == null) {
            return new Client(name, identity.tenant(), identity.user());
        }
        return find(name, identity);
    }

    /**
     * Whose idempotency keys those of a request are that may belong to no connection: a user's, an anonymous client's, or
     * else an address's.
     *
     * @param name the session that the request says, if it says one
     */
    String keys(Identity identity, @Nullable String name, @Nullable String address) {
        Client client = identity.user() != null || name == null ? null : recognise(name, identity);
        return client != null ? "session:" + client.name() : scope(identity, name, address);
    }

    /**
     * Whose rate that of such a request is. A name that is not known here is none: it would be a new rate for everybody
     * who makes one up.
     *
     * @param name the session that the request says, if it says one
     */
    String scope(Identity identity, @Nullable String name, @Nullable String address) {
        if (identity.user() != null) {
            return "user:" + identity.user();
        }
        Client client = name == null ? null : find(name, identity);
        return client != null ? "session:" + client.name() : "address:" + address;
    }

    /** From now on, for another window, {@code name} and the client's first name stand for {@code client}. */
    void remember(String name, Client client) {
        this.names.put(name, client);
        if (!name.equals(client.name())) {
            this.names.put(client.name(), client);
        }
    }
}
