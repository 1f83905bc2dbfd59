package io.github.realtimespring.sample;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.time.Instant;

/** One line of the chat. Recoverable: it has a place in the room's stream, and a client can ask for what it missed. */
@RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
record Message(String id, String from, String text, Instant at) {}
