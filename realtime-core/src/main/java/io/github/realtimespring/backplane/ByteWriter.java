package io.github.realtimespring.backplane;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Writes the parts of an envelope. Not thread-safe. */
final class ByteWriter {

    private byte[] bytes;
    private int length;

    ByteWriter(int capacity) {
        this.bytes = new byte[capacity];
    }

    ByteWriter put(int value) {
        ensure(1);
        this.bytes[this.length++] = (byte) value;
        return this;
    }

    /** Seven bits a byte, the lowest first. */
    ByteWriter number(long value) {
        ensure(10);
        while ((value & ~0x7fL) != 0) {
            this.bytes[this.length++] = (byte) (value & 0x7f | 0x80);
            value >>>= 7;
        }
        this.bytes[this.length++] = (byte) value;
        return this;
    }

    ByteWriter text(String text) {
        return block(text.getBytes(StandardCharsets.UTF_8));
    }

    /** The length and the bytes. */
    ByteWriter block(byte[] block) {
        number(block.length);
        return raw(block);
    }

    ByteWriter raw(byte[] block) {
        ensure(block.length);
        System.arraycopy(block, 0, this.bytes, this.length, block.length);
        this.length += block.length;
        return this;
    }

    byte[] bytes() {
        return this.length == this.bytes.length ? this.bytes : Arrays.copyOf(this.bytes, this.length);
    }

    private void ensure(int more) {
        if (this.bytes.length - this.length < more) {
            this.bytes = Arrays.copyOf(this.bytes, Math.max(this.length + more, this.bytes.length * 2));
        }
    }
}
