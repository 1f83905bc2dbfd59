package io.github.realtimespring.webflux;

import io.github.realtimespring.scenario.RealtimeServer;

/** What is held of sessions that connections end with. */
public final class TrackedSessions {

    private TrackedSessions() {}

    public static int of(RealtimeServer server) {
        return server.bean(WebSessionConnections.class).size();
    }
}
