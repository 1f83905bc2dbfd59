package io.github.realtimespring.backplane;

/**
 * Another node of the application, as its beacons tell of it.
 *
 * @param origin names the process
 * @param node its configured name
 * @param connections how many connections it has
 * @since 0.1.0
 */
public record Peer(String origin, String node, int connections) {}
