package io.github.realtimespring;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * The encoded data of an event: JSON in UTF-8, compact, without a raw line break. Encoded once by whoever publishes;
 * nobody downstream changes or copies the bytes.
 *
 * @since 0.1.0
 */
public final class Payload {

    /** The JSON value {@code null}. */
    public static final Payload NULL = ofJson("null");

    private final byte[] json;

    private Payload(byte[] json) {
        this.json = json;
    }

    /** Takes the bytes over; the caller no longer changes them. */
    public static Payload ofJson(byte[] json) {
        return new Payload(Objects.requireNonNull(json, "json"));
    }

    public static Payload ofJson(String json) {
        return new Payload(json.getBytes(StandardCharsets.UTF_8));
    }

    /** The bytes themselves, not a copy: read only. */
    public byte[] bytes() {
        return this.json;
    }

    /** The encoded size in bytes. */
    public int size() {
        return this.json.length;
    }

    @Override
    public String toString() {
        return "Payload[" + this.json.length + " bytes]";
    }
}
