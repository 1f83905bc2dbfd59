package io.github.realtimespring.protocol;

import java.net.URI;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may open connections with the cookies of their visitors: those of the same origin, and those that the
 * application lists (SPEC §15). A request without {@code Origin} does not come from a page, unless {@code Sec-Fetch-Site}
 * says that it does.
 *
 * <p>The own origin is the scheme, host and port of the request; behind a proxy that ends TLS the application has to
 * trust its forwarded headers, or list the public origin.
 *
 * @since 0.1.0
 */
public final class OriginPolicy {

    private static final Pattern ORIGIN =
            Pattern.compile("([a-z][a-z0-9+.-]*)://([a-z0-9._~-]+|\\[[0-9a-f:.]+])(?::([1-9][0-9]{0,4}))?");

    private final Set<String> allowed = new LinkedHashSet<>();
    private final boolean any;

    /**
     * @param allowed origins such as {@code https://app.example.com} that may connect besides the own one; {@code *} for
     *     all but {@code null}
     * @throws IllegalArgumentException if an entry is not an origin
     */
    public OriginPolicy(Collection<String> allowed) {
        boolean any = false;
        for (String entry : allowed) {
            if (entry.equals("*")) {
                any = true;
                continue;
            }
            String origin = normalize(entry);
            if (origin == null) {
                throw new IllegalArgumentException("'" + entry
                        + "' is not an origin; write scheme, host and port only, such as https://app.example.com");
            }
            this.allowed.add(origin);
        }
        this.any = any;
    }

    /** Whether a page of the request's origin may connect. */
    public boolean allows(HandshakeRequest request) {
        List<String> headers = request.headers().getOrDefault("Origin", List.of());
        if (headers.isEmpty()) {
            return !"cross-site".equalsIgnoreCase(request.header("Sec-Fetch-Site"));
        }
        String origin = headers.size() == 1 ? normalize(headers.get(0)) : null;
        if (origin == null) {
            return false;
        }
        return this.any || this.allowed.contains(origin) || origin.equals(own(request.uri()));
    }

    private static @Nullable String own(URI uri) {
        return normalize(uri.getScheme() + "://" + uri.getRawAuthority());
    }

    /** Scheme, host and port in one form, or {@code null} for anything that is not exactly an origin. */
    private static @Nullable String normalize(String origin) {
        Matcher matcher = ORIGIN.matcher(origin.toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            return null;
        }
        String scheme = matcher.group(1);
        String port = matcher.group(3);
        if (port == null) {
            port = scheme.equals("https") ? "443" : scheme.equals("http") ? "80" : "";
        }
        return scheme + "://" + matcher.group(2) + ":" + port;
    }
}
