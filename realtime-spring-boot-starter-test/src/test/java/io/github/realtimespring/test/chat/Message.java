package io.github.realtimespring.test.chat;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.annotation.RealtimeEvent;

@RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
record Message(long projectId, String from, String text) {}
