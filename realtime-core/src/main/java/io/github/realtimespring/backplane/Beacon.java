package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a node tells all others every second (SPEC §6): that it lives, and how far the keys are that it published to.
 *
 * @param origin the process
 * @param node its configured name, for people
 * @param number grows by one with every beacon of the origin
 * @param forgotten the number of the last beacon that carried a key which is no longer carried; 0 for none
 * @param connections how many connections the origin has
 * @param leaving whether it is the last one
 * @param positions how far some keys are
 */
record Beacon(
        String origin,
        String node,
        long number,
        long forgotten,
        int connections,
        boolean leaving,
        List<Position> positions) {

    /** How many beacons with it come back before a key is no longer carried. */
    static final int CARRIES = 3;

    Beacon {
        positions = List.copyOf(positions);
    }

    /**
     * How far a key is.
     *
     * @param run the run of its sequences
     * @param sequence the last sequence; 0 if there is none
     * @param cursor the last place in its stream that the origin knows; {@code null} if there is none
     */
    record Position(
            RoutingKey key,
            long run,
            long sequence,
            @Nullable Cursor cursor) {

        Position withoutSequence() {
            return new Position(this.key, 0, 0, this.cursor);
        }
    }
}
