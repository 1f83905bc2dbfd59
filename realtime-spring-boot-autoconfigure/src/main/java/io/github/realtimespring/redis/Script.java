package io.github.realtimespring.redis;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * A script that the server keeps.
 *
 * @param text its source
 * @param digest what the server knows it by
 */
record Script(byte[] text, String digest) {

    /** Made of resources of this package, one behind the other. */
    static Script of(String... resources) {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            for (String resource : resources) {
                try (InputStream in = Script.class.getResourceAsStream(resource)) {
                    if (in == null) {
                        throw new IllegalStateException("the resource " + resource + " is missing");
                    }
                    in.transferTo(text);
                }
            }
            byte[] bytes = text.toByteArray();
            byte[] digest = MessageDigest.getInstance("SHA-1").digest(bytes);
            return new Script(bytes, HexFormat.of().formatHex(digest));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java has SHA-1", ex);
        }
    }
}
