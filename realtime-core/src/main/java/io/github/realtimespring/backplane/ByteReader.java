package io.github.realtimespring.backplane;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads what {@link ByteWriter} wrote, from anybody: nothing is read behind the end, and nothing is made that is larger
 * than what is there.
 */
final class ByteReader {

    private final byte[] bytes;
    private final int end;
    private int position;

    ByteReader(byte[] bytes, int end) {
        this.bytes = bytes;
        this.end = end;
    }

    int get() throws InvalidEnvelopeException {
        if (this.position >= this.end) {
            throw malformed();
        }
        return this.bytes[this.position++] & 0xff;
    }

    /** Not negative. */
    long number() throws InvalidEnvelopeException {
        long value = 0;
        for (int shift = 0; shift < 63; shift += 7) {
            int next = get();
            value |= (long) (next & 0x7f) << shift;
            if (next < 0x80) {
                return value;
            }
        }
        throw malformed();
    }

    String text(int maxBytes) throws InvalidEnvelopeException {
        int length = length(maxBytes);
        int begin = this.position;
        this.position += length;
        if (isAscii(begin, this.position)) {
            return new String(this.bytes, begin, length, StandardCharsets.ISO_8859_1);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(this.bytes, begin, length))
                    .toString();
        } catch (CharacterCodingException ex) {
            throw malformed();
        }
    }

    private boolean isAscii(int from, int to) {
        for (int i = from; i < to; i++) {
            if (this.bytes[i] < 0) {
                return false;
            }
        }
        return true;
    }

    /** Reads a text or block, and whether it is this one; a longer one than {@code maxBytes} is none. */
    boolean is(byte[] expected, int maxBytes) throws InvalidEnvelopeException {
        int length = length(maxBytes);
        int begin = this.position;
        this.position += length;
        return Arrays.equals(this.bytes, begin, this.position, expected, 0, expected.length);
    }

    /** Reads over a text or block. */
    void skip(int maxBytes) throws InvalidEnvelopeException {
        int length = length(maxBytes);
        this.position += length;
    }

    byte[] block(int maxBytes) throws InvalidEnvelopeException {
        int length = length(maxBytes);
        byte[] block = Arrays.copyOfRange(this.bytes, this.position, this.position + length);
        this.position += length;
        return block;
    }

    /** How many elements follow that take {@code smallest} bytes at least. */
    int count(int smallest) throws InvalidEnvelopeException {
        long count = number();
        if (count > (this.end - this.position) / smallest) {
            throw malformed();
        }
        return (int) count;
    }

    void end() throws InvalidEnvelopeException {
        if (this.position != this.end) {
            throw malformed();
        }
    }

    private int length(int max) throws InvalidEnvelopeException {
        long length = number();
        if (length > max || length > this.end - this.position) {
            throw malformed();
        }
        return (int) length;
    }

    static InvalidEnvelopeException malformed() {
        return new InvalidEnvelopeException(Received.MALFORMED, "not an envelope");
    }
}
