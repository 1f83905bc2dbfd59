package io.github.realtimespring.handler;

import io.github.realtimespring.RealtimeException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The value of a controller method that serves rooms as an event stream at a URL of the application's own: the same frames
 * and the same access rules as at {@code <base-path>/sse}, with the rooms chosen by the application.
 *
 * <pre class="code">
 * &#064;GetMapping(path = "/events/projects/{id}", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
 * RoomStream events(@PathVariable long id) {
 *     return RoomStream.of("project:{projectId}", id);
 * }
 * </pre>
 *
 * The tenant is that of the request.
 *
 * @param rooms the names of 1 to 8 rooms
 * @since 0.1.0
 */
public record RoomStream(List<String> rooms) {

    public RoomStream {
        rooms = List.copyOf(rooms);
    }

    /**
     * A stream of one room, named by a pattern and values for its variables, or by its name.
     *
     * @throws RealtimeException {@code bad-request} if the values do not make a valid name
     * @throws IllegalArgumentException if there are more or fewer values than variables
     */
    public static RoomStream of(String pattern, Object... variables) {
        return new RoomStream(List.of(name(pattern, variables)));
    }

    /** The same stream with one more room. */
    public RoomStream and(String pattern, Object... variables) {
        List<String> rooms = new ArrayList<>(this.rooms);
        rooms.add(name(pattern, variables));
        return new RoomStream(rooms);
    }

    private static String name(String pattern, Object... variables) {
        if (variables.length == 0 && pattern.indexOf('{') < 0) {
            return pattern;
        }
        RoomPattern parsed = RoomPattern.parse(pattern);
        if (parsed.names().size() != variables.length) {
            throw new IllegalArgumentException("room pattern '" + pattern + "' has "
                    + parsed.names().size() + " variables, but there are " + variables.length + " values");
        }
        Iterator<Object> values = List.of(variables).iterator();
        return parsed.expand(name -> values.next());
    }
}
