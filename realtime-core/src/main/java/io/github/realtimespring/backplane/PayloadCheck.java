package io.github.realtimespring.backplane;

/**
 * Looks at a payload of another node before it goes into frames. The engine has no JSON library of its own, and a payload
 * that is not one value would be read by clients as something else.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface PayloadCheck {

    /** Whether {@code json} is one complete JSON value, not too deep, in UTF-8 without a raw line break. */
    boolean isValid(byte[] json);
}
