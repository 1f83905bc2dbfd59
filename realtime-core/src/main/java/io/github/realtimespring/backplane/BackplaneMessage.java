package io.github.realtimespring.backplane;

import io.github.realtimespring.Event;

/**
 * An event with what the backplane needs to know about it; never seen by clients.
 *
 * @param origin names the publishing process: random per boot
 * @since 0.1.0
 */
public record BackplaneMessage(String origin, Event event) {}
