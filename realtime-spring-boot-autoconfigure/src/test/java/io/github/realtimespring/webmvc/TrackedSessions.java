package io.github.realtimespring.webmvc;

import io.github.realtimespring.scenario.RealtimeServer;

/** What is held of sessions that connections end with. */
public final class TrackedSessions {

    private TrackedSessions() {}

    public static int of(RealtimeServer server) {
        return server.bean(HttpSessionConnections.class).size();
    }

    public static int connections(RealtimeServer server) {
        return server.bean(HttpSessionConnections.class).connections();
    }
}
