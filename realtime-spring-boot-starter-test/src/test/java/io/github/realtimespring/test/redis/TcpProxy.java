package io.github.realtimespring.test.redis;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Stands between a client and a server, and can lose what the server says while both have the connection open. */
final class TcpProxy implements AutoCloseable {

    private final ServerSocket listening;
    private final RedisServer server;
    private final List<Way> ways = new CopyOnWriteArrayList<>();

    TcpProxy(RedisServer server) throws IOException {
        this.server = server;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        run(this::accept);
    }

    int port() {
        return this.listening.getLocalPort();
    }

    /** Connections on which the client said this hear nothing any more; new ones do. */
    void mute(String said) {
        this.ways.forEach(way -> way.mute(said));
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = this.listening.accept();
            Way way = new Way(client, new Socket(this.server.host(), this.server.port()));
            this.ways.add(way);
            run(way::forward);
            run(way::back);
        }
    }

    private interface Copying {
        void run() throws IOException;
    }

    private static void run(Copying copying) {
        Thread thread = new Thread(() -> {
            try {
                copying.run();
            } catch (IOException ended) {
                // Closed by one of the sides.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static final class Way {

        private final Socket client;
        private final Socket server;
        private final StringBuffer said = new StringBuffer();
        private volatile boolean muted;

        Way(Socket client, Socket server) {
            this.client = client;
            this.server = server;
        }

        void mute(String said) {
            this.muted |= this.said.indexOf(said) >= 0;
        }

        void forward() throws IOException {
            copy(this.client, this.server, true);
        }

        void back() throws IOException {
            copy(this.server, this.client, false);
        }

        private void copy(Socket from, Socket to, boolean forward) throws IOException {
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                byte[] bytes = new byte[8192];
                for (int read = in.read(bytes); read > 0; read = in.read(bytes)) {
                    if (forward) {
                        this.said.append(new String(bytes, 0, read, StandardCharsets.ISO_8859_1));
                    } else if (this.muted) {
                        continue;
                    }
                    out.write(bytes, 0, read);
                }
            }
        }
    }

    @Override
    public void close() throws IOException {
        this.listening.close();
        for (Way way : this.ways) {
            way.client.close();
            way.server.close();
        }
    }
}
