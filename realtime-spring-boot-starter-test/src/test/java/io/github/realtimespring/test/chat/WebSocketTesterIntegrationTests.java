package io.github.realtimespring.test.chat;

import io.github.realtimespring.test.ClientTransport;

class WebSocketTesterIntegrationTests extends RealtimeTesterContract {

    WebSocketTesterIntegrationTests() {
        super(ClientTransport.WEBSOCKET);
    }
}
