package io.github.realtimespring.protocol;

import io.github.realtimespring.ConnectionId;
import org.jspecify.annotations.Nullable;

/**
 * What a poll presents, and is answered (opaque to clients): the position in its rooms, and which answer of which
 * connection it has seen. A node that does not know the connection goes on from the position.
 *
 * @param position the text of a {@link StreamPosition}
 * @param connection {@code null} in a cursor that a client put together from its frames
 * @param seen how many answers of that connection the client has
 */
record PollCursor(String position, @Nullable ConnectionId connection, long seen) {

    private static final int MAX_ID = 64;
    private static final int MAX_DIGITS = 18;

    static PollCursor parse(String text) {
        int id = text.indexOf('~') + 1;
        int dot = text.indexOf('.', id);
        int digits = text.length() - dot - 1;
        if (id == 0 || dot <= id || dot - id > MAX_ID || digits < 1 || digits > MAX_DIGITS) {
            return new PollCursor(text, null, 0);
        }
        long seen = 0;
        for (int i = id; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean digit = c >= '0' && c <= '9';
            boolean letter = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '-';
            if (i > dot && digit) {
                seen = seen * 10 + (c - '0');
            } else if (i > dot || i < dot && !digit && !letter) {
                return new PollCursor(text, null, 0);
            }
        }
        return new PollCursor(text.substring(0, id - 1), new ConnectionId(text.substring(id, dot)), seen);
    }

    @Override
    public String toString() {
        return this.position + '~' + this.connection + '.' + this.seen;
    }
}
