package io.github.realtimespring;

import java.util.concurrent.ThreadLocalRandom;

/**
 * Makes and checks event ids: 26 characters that sort by time, 48 bits of milliseconds and 80 random bits in Crockford's
 * base 32 (the form of a ULID).
 *
 * @since 0.1.0
 */
public final class EventId {

    private static final char[] DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ".toCharArray();

    private EventId() {}

    /** A new id for an event of {@code epochMillis}. */
    public static String next(long epochMillis) {
        ThreadLocalRandom random = ThreadLocalRandom.current();
        return base32(epochMillis, 10) + base32(random.nextLong(), 8) + base32(random.nextLong(), 8);
    }

    /** Whether an id that an application chose may be used: 1 to 64 letters, digits or {@code . _ ~ : -}. */
    public static boolean isValid(String id) {
        return isToken(id, 64);
    }

    /** Whether a text has 1 to {@code longest} letters, digits or {@code . _ ~ : -}, all of them ASCII. */
    static boolean isToken(String text, int longest) {
        int length = text.length();
        if (length == 0 || length > longest) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            char c = text.charAt(i);
            // Between - and : are the point, the slash and the digits.
            boolean valid = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '-' && c <= ':' && c != '/')
                    || c == '_'
                    || c == '~';
            if (!valid) {
                return false;
            }
        }
        return true;
    }

    static String base32(long bits, int length) {
        char[] text = new char[length];
        for (int i = length - 1; i >= 0; i--) {
            text[i] = DIGITS[(int) (bits & 31)];
            bits >>>= 5;
        }
        return new String(text);
    }
}
