package io.github.realtimespring.test.chat;

import io.github.realtimespring.test.ClientTransport;

class LongPollTesterIntegrationTests extends RealtimeTesterContract {

    LongPollTesterIntegrationTests() {
        super(ClientTransport.LONG_POLL);
    }
}
