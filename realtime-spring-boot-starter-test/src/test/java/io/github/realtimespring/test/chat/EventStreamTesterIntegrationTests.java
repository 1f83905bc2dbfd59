package io.github.realtimespring.test.chat;

import io.github.realtimespring.test.ClientTransport;

class EventStreamTesterIntegrationTests extends RealtimeTesterContract {

    EventStreamTesterIntegrationTests() {
        super(ClientTransport.SSE);
    }
}
