package io.github.realtimespring.protocol;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Writes one compact JSON object as UTF-8. Names are ASCII of this package; values are escaped. Not thread-safe. */
final class JsonBuffer {

    private static final byte[] HEX = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

    private byte[] bytes;
    private int length;
    /** Whether the next field or element needs a comma in front. */
    private boolean separate;

    JsonBuffer(int capacity) {
        this.bytes = new byte[Math.max(16, capacity)];
        put('{');
    }

    JsonBuffer type(String type) {
        return field("type", type);
    }

    JsonBuffer id(@Nullable Long id) {
        return id == null ? this : field("id", id);
    }

    JsonBuffer field(String name, String value) {
        name(name);
        string(value);
        return this;
    }

    JsonBuffer field(String name, long value) {
        name(name);
        ascii(Long.toString(value));
        return this;
    }

    JsonBuffer field(String name, boolean value) {
        name(name);
        ascii(value ? "true" : "false");
        return this;
    }

    /** A field whose value is encoded already. */
    JsonBuffer raw(String name, byte[] json) {
        name(name);
        ensure(json.length);
        System.arraycopy(json, 0, this.bytes, this.length, json.length);
        this.length += json.length;
        return this;
    }

    /** The fields of an object that is encoded already. */
    JsonBuffer fields(byte[] object) {
        int size = object.length - 2;
        if (size > 0) {
            if (this.separate) {
                put(',');
            }
            ensure(size);
            System.arraycopy(object, 1, this.bytes, this.length, size);
            this.length += size;
            this.separate = true;
        }
        return this;
    }

    /** An element of an array. */
    JsonBuffer element(String value) {
        if (this.separate) {
            put(',');
        }
        this.separate = true;
        string(value);
        return this;
    }

    /** Begins an object: a field, or an element of an array if {@code name} is {@code null}. */
    JsonBuffer open(@Nullable String name) {
        if (name != null) {
            name(name);
        } else if (this.separate) {
            put(',');
        }
        put('{');
        this.separate = false;
        return this;
    }

    JsonBuffer close() {
        put('}');
        this.separate = true;
        return this;
    }

    JsonBuffer openArray(String name) {
        name(name);
        put('[');
        this.separate = false;
        return this;
    }

    JsonBuffer closeArray() {
        put(']');
        this.separate = true;
        return this;
    }

    /** Ends the whole object. */
    byte[] end() {
        put('}');
        return this.length == this.bytes.length ? this.bytes : Arrays.copyOf(this.bytes, this.length);
    }

    private void name(String name) {
        if (this.separate) {
            put(',');
        }
        this.separate = true;
        put('"');
        ascii(name);
        put('"');
        put(':');
    }

    private void string(String value) {
        put('"');
        int size = value.length();
        for (int i = 0; i < size; i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') {
                put('\\');
                put(c);
            } else if (c >= 0x20 && c < 0x7f) {
                put(c);
            } else if (c < 0x80) {
                escape(c);
            } else if (c < 0x800) {
                put(0xc0 | c >> 6);
                put(0x80 | c & 0x3f);
            } else if (!Character.isSurrogate(c)) {
                put(0xe0 | c >> 12);
                put(0x80 | c >> 6 & 0x3f);
                put(0x80 | c & 0x3f);
            } else if (Character.isHighSurrogate(c) && i + 1 < size && Character.isLowSurrogate(value.charAt(i + 1))) {
                int codePoint = Character.toCodePoint(c, value.charAt(++i));
                put(0xf0 | codePoint >> 18);
                put(0x80 | codePoint >> 12 & 0x3f);
                put(0x80 | codePoint >> 6 & 0x3f);
                put(0x80 | codePoint & 0x3f);
            } else {
                // Half a pair has no UTF-8 form; escaped it is still JSON.
                escape(c);
            }
        }
        put('"');
    }

    private void escape(char c) {
        switch (c) {
            case '\n' -> ascii("\\n");
            case '\r' -> ascii("\\r");
            case '\t' -> ascii("\\t");
            default -> {
                ascii("\\u");
                for (int shift = 12; shift >= 0; shift -= 4) {
                    put(HEX[c >> shift & 0xf]);
                }
            }
        }
    }

    private void ascii(String text) {
        int size = text.length();
        ensure(size);
        for (int i = 0; i < size; i++) {
            this.bytes[this.length++] = (byte) text.charAt(i);
        }
    }

    private void put(int b) {
        if (this.length == this.bytes.length) {
            ensure(1);
        }
        this.bytes[this.length++] = (byte) b;
    }

    private void ensure(int more) {
        if (this.bytes.length - this.length < more) {
            this.bytes = Arrays.copyOf(this.bytes, Math.max(this.bytes.length * 2, this.length + more));
        }
    }
}
