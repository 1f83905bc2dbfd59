package io.github.realtimespring;

import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * A position in one room's stream (SPEC §10). The epoch is random per stream, so a cursor of another room, of another
 * tenant or of a stream that was lost never matches; clients treat the text as opaque.
 *
 * @param epoch names the stream: 4 to 32 letters and digits
 * @param offset how many events the stream held after this one; 0 is the position before the first event
 * @since 0.1.0
 */
public record Cursor(String epoch, long offset) {

    /** The longest text of a cursor. */
    public static final int MAX_LENGTH = 64;

    private static final Pattern EPOCH = Pattern.compile("[A-Za-z0-9]{4,32}");
    private static final Pattern TEXT = Pattern.compile("([A-Za-z0-9]{4,32})\\.(0|[1-9][0-9]{0,17})");

    public Cursor {
        Objects.requireNonNull(epoch, "epoch");
        if (!EPOCH.matcher(epoch).matches() || offset < 0) {
            throw new IllegalArgumentException("not a cursor");
        }
    }

    /** Reads what {@link #toString()} wrote; empty for everything else, whatever its length. */
    public static Optional<Cursor> parse(String text) {
        if (text.length() > MAX_LENGTH) {
            return Optional.empty();
        }
        var matcher = TEXT.matcher(text);
        return matcher.matches()
                ? Optional.of(new Cursor(matcher.group(1), Long.parseLong(matcher.group(2))))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return this.epoch + '.' + this.offset;
    }
}
