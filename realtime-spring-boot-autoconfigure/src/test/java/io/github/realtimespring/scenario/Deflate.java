package io.github.realtimespring.scenario;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;

/** The payloads of permessage-deflate, each with a dictionary of its own. */
public final class Deflate {

    private static final byte[] TAIL = {0, 0, (byte) 0xff, (byte) 0xff};

    private Deflate() {}

    public static byte[] deflate(String text) {
        Deflater deflater = new Deflater(Deflater.BEST_COMPRESSION, true);
        deflater.setInput(text.getBytes(StandardCharsets.UTF_8));
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] buffer = new byte[8192];
        int n;
        do {
            n = deflater.deflate(buffer, 0, buffer.length, Deflater.SYNC_FLUSH);
            out.write(buffer, 0, n);
        } while (n == buffer.length);
        deflater.end();
        byte[] all = out.toByteArray();
        return Arrays.copyOf(all, all.length - TAIL.length);
    }

    public static String inflate(byte[] payload) throws DataFormatException {
        Inflater inflater = new Inflater(true);
        ByteArrayOutputStream in = new ByteArrayOutputStream();
        in.writeBytes(payload);
        in.writeBytes(TAIL);
        inflater.setInput(in.toByteArray());
        byte[] buffer = new byte[1 << 20];
        int n = inflater.inflate(buffer);
        inflater.end();
        return new String(buffer, 0, n, StandardCharsets.UTF_8);
    }
}
