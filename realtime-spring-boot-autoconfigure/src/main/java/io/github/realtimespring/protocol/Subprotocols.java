package io.github.realtimespring.protocol;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a client offered in {@code Sec-WebSocket-Protocol}. A client that offers nothing speaks version 1; one that offers
 * something must offer version 1. A bearer token travels as one more offer that is never chosen (PROTOCOL,
 * authentication).
 *
 * @param offered whether there was any offer
 * @param version1 whether {@link #V1} was among them
 * @param token the bearer token; empty if there were several or it could not be read; {@code null} if there was none
 * @since 0.1.0
 */
public record Subprotocols(
        boolean offered, boolean version1, @Nullable String token) {

    /** Version 1 of the protocol. */
    public static final String V1 = "realtime.v1.json";

    private static final String BEARER = "realtime.bearer.";

    /** Reads the values of the header, one for each line of the request. */
    public static Subprotocols of(List<String> values) {
        boolean offered = false;
        boolean version1 = false;
        String token = null;
        for (String value : values) {
            for (String part : value.split(",")) {
                String name = part.trim();
                offered = true;
                if (name.startsWith(BEARER)) {
                    token = token == null ? decode(name.substring(BEARER.length())) : "";
                } else if (name.equals(V1)) {
                    version1 = true;
                }
            }
        }
        return new Subprotocols(offered, version1, token);
    }

    private static String decode(String encoded) {
        try {
            byte[] bytes = Base64.getUrlDecoder().decode(encoded);
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (IllegalArgumentException | CharacterCodingException ex) {
            return "";
        }
    }

    /** Whether server and client have a version in common. */
    public boolean acceptable() {
        return !this.offered || this.version1;
    }

    /** The one that is agreed, or {@code null} if the client offered none. */
    public @Nullable String agreed() {
        return this.version1 ? V1 : null;
    }

    /** Never shows the token. */
    @Override
    public String toString() {
        return "Subprotocols[version1=" + this.version1 + ", token=" + (this.token == null ? "none" : "…") + "]";
    }
}
