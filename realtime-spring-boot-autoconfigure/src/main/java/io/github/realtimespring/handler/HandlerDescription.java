package io.github.realtimespring.handler;

import org.jspecify.annotations.Nullable;

/**
 * One handler method, for people who look at a running application.
 *
 * @param pattern the rooms it serves
 * @param kind {@code access}, {@code joined}, {@code event} or {@code left}
 * @param event the inbound event; {@code null} for other kinds
 * @param method class and method, such as {@code ProjectRoom.send}; the rule's class for an access rule bean
 * @param payload the type of the payload; {@code null} without one
 * @param access what decides about joins: {@code open}, or the rules by name
 * @param broadcast the event that is sent to the room; {@code null} if the value is the reply
 * @param delivery the delivery class of that event
 * @since 0.1.0
 */
public record HandlerDescription(
        String pattern,
        String kind,
        @Nullable String event,
        String method,
        @Nullable String payload,
        String access,
        @Nullable String broadcast,
        @Nullable String delivery) {}
