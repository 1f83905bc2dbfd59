package io.github.realtimespring.test.chat;

import io.github.realtimespring.test.ClientTransport;

class EmbeddedTesterIntegrationTests extends RealtimeTesterContract {

    EmbeddedTesterIntegrationTests() {
        super(ClientTransport.EMBEDDED);
    }
}
