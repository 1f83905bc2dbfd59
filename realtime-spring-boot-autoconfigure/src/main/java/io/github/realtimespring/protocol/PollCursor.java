package io.github.realtimespring.protocol;

import io.github.realtimespring.ConnectionId;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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

    private static final Pattern TEXT = Pattern.compile("([^~]*)~([A-Za-z0-9_-]{1,64})\\.([0-9]{1,18})");

    static PollCursor parse(String text) {
        Matcher matcher = TEXT.matcher(text);
        return matcher.matches()
                ? new PollCursor(matcher.group(1), new ConnectionId(matcher.group(2)), Long.parseLong(matcher.group(3)))
                : new PollCursor(text, null, 0);
    }

    @Override
    public String toString() {
        return this.position + '~' + this.connection + '.' + this.seen;
    }
}
