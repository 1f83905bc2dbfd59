package io.github.realtimespring.autoconfigure;

/**
 * A transport that was set up.
 *
 * @param name as the start-up line has it
 * @param protocolName as clients and meters have it
 */
record TransportName(String name, String protocolName) {}
