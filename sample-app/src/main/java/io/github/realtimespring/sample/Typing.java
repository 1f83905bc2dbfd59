package io.github.realtimespring.sample;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.RealtimeEvent;

/** Somebody is typing. While a client is behind, a newer one replaces the older one of the same user. */
@RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
record Typing(String user) {}
