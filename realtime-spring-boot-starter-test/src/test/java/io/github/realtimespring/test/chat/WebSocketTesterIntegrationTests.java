package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.RealtimeTestClient;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class WebSocketTesterIntegrationTests extends RealtimeTesterContract {

    WebSocketTesterIntegrationTests() {
        super(ClientTransport.WEBSOCKET);
    }

    @Test
    void aServerIsConnectedToByWebSocketUnlessTheTestSaysSo() {
        RealtimeTestClient alice = this.tester.connectAs("alice");

        assertThat(connection(alice).transport().name()).isEqualTo("websocket");
    }

    @Test
    void heartbeatsAreAnswered() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        for (RealtimeTestClient client : List.of(alice, bob)) {
            await().until(() -> connection(client).roundTripNanos() > 0);
            client.expectNoMoreEvents();
        }
    }

    private Connection connection(RealtimeTestClient client) {
        return Objects.requireNonNull(this.sessions.find(client.id())).connection();
    }
}
