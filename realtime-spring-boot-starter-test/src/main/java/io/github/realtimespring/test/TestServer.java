package io.github.realtimespring.test;

import io.github.realtimespring.protocol.Handshake;
import java.time.Duration;

/** Where the clients of a tester connect to. */
interface TestServer {

    /** The client that a name stands for. */
    TestClient user(String name, String... roles);

    /**
     * Connects; {@code welcome} is in the inbox if the transport has one at the beginning.
     *
     * @throws ConnectFailedError if the server cannot be reached or refuses
     */
    TestConnection connect(ClientTransport transport, TestClient client, Inbox inbox, Duration timeout);

    /** Connects in memory. */
    TestConnection connect(Handshake handshake, Inbox inbox);

    /** Waits until nothing is on its way; false if that takes longer. */
    boolean awaitIdle(Duration timeout);

    /** Ends every connection and waits for what follows from it; false if that takes longer. */
    boolean disconnectAll(Duration timeout);
}
