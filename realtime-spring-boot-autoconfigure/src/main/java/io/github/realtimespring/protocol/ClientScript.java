package io.github.realtimespring.protocol;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HexFormat;
import org.springframework.core.io.ClassPathResource;
import org.springframework.util.DigestUtils;

/**
 * The JavaScript client, one ES module, as {@code <base-path>/client/realtime.js} serves it. Browsers keep it and ask each
 * time whether it changed, so a page never runs with a client that is older than its server.
 *
 * @since 0.1.0
 */
public final class ClientScript {

    public static final String MEDIA_TYPE = "text/javascript;charset=UTF-8";

    /** Says that browsers ask each time. */
    public static final String CACHE_CONTROL = "no-cache";

    private static final String LOCATION = "META-INF/realtime/client/realtime.js";

    private final byte[] bytes;
    private final String etag;

    public ClientScript() {
        try (InputStream in = new ClassPathResource(LOCATION, ClientScript.class.getClassLoader()).getInputStream()) {
            this.bytes = in.readAllBytes();
        } catch (IOException ex) {
            throw new UncheckedIOException("The class path has no " + LOCATION, ex);
        }
        this.etag = '"' + HexFormat.of().formatHex(DigestUtils.md5Digest(this.bytes)) + '"';
    }

    /** The script; never changed. */
    public byte[] bytes() {
        return this.bytes;
    }

    /** The strong entity tag with its quotes. */
    public String etag() {
        return this.etag;
    }
}
