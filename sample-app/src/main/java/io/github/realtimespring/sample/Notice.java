package io.github.realtimespring.sample;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.time.Instant;

/** Something to know now, not kept. A client too slow for it is told that it missed something. */
@RealtimeEvent(name = "notice.posted", delivery = Delivery.STANDARD)
record Notice(String id, String from, String text, Instant at) {}
