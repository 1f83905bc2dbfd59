package io.github.realtimespring.connection;

/**
 * The port to what a queue did not take: the events of a room's stream, for a connection that resumes or that was too
 * slow for them (SPEC §4, §10). A queue asks for a few events whenever it has room for them, for one room at a time.
 *
 * @since 0.1.0
 */
@FunctionalInterface
public interface ReplaySource {

    /**
     * Fetches what {@code pull} asks for and answers it. Called without any lock held, on whatever thread made the room,
     * the one that drains the queue among them: returns at once and does not throw.
     */
    void pull(Connection connection, Pull pull);

    /** One without a history: whatever is asked for is lost, and declared so. */
    static ReplaySource none() {
        return (connection, pull) -> pull.lost(pull.room().target());
    }
}
