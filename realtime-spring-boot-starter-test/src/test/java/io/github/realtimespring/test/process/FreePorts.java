package io.github.realtimespring.test.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports for servers that are killed and started again. They are not among those that the system gives to connections and to
 * servers that take any port (32768 and more on Linux, 49152 and more elsewhere): one of these may be taken by somebody else
 * while its server is down, and another JVM runs tests at the same time.
 */
public final class FreePorts {

    private static final int FIRST = 10_000;
    private static final int END = 20_000;
    private static final int ATTEMPTS = 100;

    private FreePorts() {}

    /**
     * A port of the loopback address on which nobody listens.
     *
     * @throws IOException if none was found
     */
    public static int next() throws IOException {
        for (int attempt = 0; ; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            try (ServerSocket free = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
                return free.getLocalPort();
            } catch (IOException taken) {
                if (attempt == ATTEMPTS) {
                    throw taken;
                }
            }
        }
    }
}
