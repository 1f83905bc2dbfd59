package io.github.realtimespring.presence;

/**
 * One user in a room.
 *
 * @param user the name
 * @param connections how many connections of the user are in the room
 * @since 0.1.0
 */
public record Member(String user, int connections) {}
