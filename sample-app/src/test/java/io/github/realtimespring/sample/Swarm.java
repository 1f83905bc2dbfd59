package io.github.realtimespring.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Thousands of WebSocket clients on one thread, that do what the JavaScript client does: they join a room, come back when
 * they are told to or lose their connection, to any process there is, and go on from where they were.
 *
 * <p>Frames are looked at, not parsed: this is about numbers.
 */
final class Swarm implements AutoCloseable {

    private static final int RETRY_MILLIS = 500;

    private final Random random = new Random(42);
    private final Selector selector;
    private final Thread thread = new Thread(this::run, "swarm");
    private final List<Integer> ports = new CopyOnWriteArrayList<>();
    private final List<Client> clients = new CopyOnWriteArrayList<>();
    private final Deque<Runnable> tasks = new ArrayDeque<>();
    private final PriorityQueue<Due> due = new PriorityQueue<>(Comparator.comparingLong(Due::time));
    private final ByteBuffer in = ByteBuffer.allocate(256 << 10);
    private volatile boolean closed;

    private record Due(long time, Runnable task) {}

    Swarm() {
        try {
            this.selector = Selector.open();
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
        this.thread.setDaemon(true);
        this.thread.start();
    }

    /** From now on clients connect to this process, too. */
    void use(int port) {
        this.ports.add(port);
    }

    /** From now on nobody connects to it any more. */
    void leave(int port) {
        this.ports.remove((Integer) port);
    }

    /**
     * A client that connects, at first to a process of the test's choice.
     *
     * @param cookie who it is
     */
    Client open(String cookie, String room, int port) {
        return open(cookie, room, "", port, frame -> {});
    }

    /** A client whose frames the test looks at, and {@code closed 1012} and the like between them; on the swarm's thread. */
    Client open(String cookie, String room, int port, Consumer<String> frames) {
        return open(cookie, room, "", port, frames);
    }

    /** One that watches who is in the room, without being in it. */
    Client watch(String cookie, String room, int port, Consumer<String> frames) {
        return open(cookie, room, ",\"presence\":\"only\"", port, frames);
    }

    private Client open(String cookie, String room, String more, int port, Consumer<String> frames) {
        Client client = new Client(this.clients.size(), cookie, room, more, frames);
        this.clients.add(client);
        later(() -> client.connect(port));
        return client;
    }

    List<Client> clients() {
        return this.clients;
    }

    /** How many are in their room. */
    long joined() {
        return this.clients.stream().filter(client -> client.joined).count();
    }

    /** How many connections ended with each code; 1006 if they had none. */
    Map<Integer, Integer> closes() {
        Map<Integer, Integer> closes = new HashMap<>();
        this.clients.forEach(client -> client.closes.forEach(code -> closes.merge(code, 1, Integer::sum)));
        return closes;
    }

    /** Counts closes anew. */
    void forgetCloses() {
        this.clients.forEach(client -> client.closes.clear());
    }

    private void later(Runnable task) {
        synchronized (this.tasks) {
            this.tasks.add(task);
        }
        this.selector.wakeup();
    }

    private void run() {
        while (!this.closed) {
            try {
                Due next = this.due.peek();
                long wait = next == null ? 50 : Math.max(1, next.time() - System.currentTimeMillis());
                this.selector.select(key -> ((Client) key.attachment()).ready(), Math.min(50, wait));
                while (this.due.peek() != null && this.due.peek().time() <= System.currentTimeMillis()) {
                    this.due.remove().task().run();
                }
                List<Runnable> now;
                synchronized (this.tasks) {
                    now = new ArrayList<>(this.tasks);
                    this.tasks.clear();
                }
                now.forEach(Runnable::run);
            } catch (IOException ex) {
                throw new UncheckedIOException(ex);
            }
        }
    }

    @Override
    public void close() throws InterruptedException, IOException {
        this.closed = true;
        this.selector.wakeup();
        this.thread.join();
        for (Client client : this.clients) {
            if (client.channel != null) {
                client.channel.close();
            }
        }
        this.selector.close();
    }

    /** One client over all its connections. */
    final class Client {

        final int number;
        private final String cookie;
        private final String room;
        private final String more;
        private final Consumer<String> frames;
        /** Ids of the recorded events, in the order in which they came. */
        final List<String> events = new ArrayList<>();
        /** What became of the position that it came back with. */
        final List<String> resumes = new CopyOnWriteArrayList<>();

        final List<Integer> closes = new CopyOnWriteArrayList<>();
        /** How long it was out of its room each time it came back, in milliseconds. */
        final List<Long> away = new CopyOnWriteArrayList<>();

        private long endedAt;
        volatile boolean joined;
        volatile int port;
        private volatile @Nullable String cursor;
        private @Nullable String session;
        private @Nullable SocketChannel channel;
        private byte[] pending = new byte[0];
        private boolean upgraded;
        private int code;
        private long comeBackAfter;
        private volatile boolean staysAway;

        /** @param more fields of the join */
        Client(int number, String cookie, String room, String more, Consumer<String> frames) {
            this.number = number;
            this.cookie = cookie;
            this.room = room;
            this.more = more;
            this.frames = frames;
        }

        int seen() {
            synchronized (this.events) {
                return this.events.size();
            }
        }

        List<String> events() {
            synchronized (this.events) {
                return List.copyOf(this.events);
            }
        }

        /** Sends a frame if it is in its room. */
        void send(String frame) {
            later(() -> {
                if (this.joined) {
                    write(frame);
                }
            });
        }

        /** It does not come back when its connection ends, like somebody who has gone. */
        void stayAway() {
            this.staysAway = true;
        }

        /** Its connection is lost; the server sees an end without a goodbye. */
        void cut() {
            later(this::ended);
        }

        /** Says goodbye. */
        void quit() {
            stayAway();
            later(() -> {
                try {
                    raw(new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, (byte) (1000 >> 8), (byte) 1000});
                } catch (IOException ex) {
                    ended();
                }
            });
        }

        private void connect(int port) {
            this.port = port;
            this.pending = new byte[0];
            this.upgraded = false;
            this.code = 1006;
            this.comeBackAfter = RETRY_MILLIS + Swarm.this.random.nextInt(RETRY_MILLIS);
            try {
                SocketChannel channel = SocketChannel.open();
                this.channel = channel;
                channel.configureBlocking(false);
                channel.connect(new InetSocketAddress("localhost", port));
                channel.register(Swarm.this.selector, SelectionKey.OP_CONNECT, this);
            } catch (IOException ex) {
                ended();
            }
        }

        private void ready() {
            SocketChannel channel = this.channel;
            if (channel == null) {
                return;
            }
            try {
                if (!channel.isConnected()) {
                    channel.finishConnect();
                    channel.keyFor(Swarm.this.selector).interestOps(SelectionKey.OP_READ);
                    raw(("GET /realtime/ws HTTP/1.1\r\nHost: localhost:" + this.port
                                    + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
                                    + "\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol:"
                                    + " realtime.v1.json\r\nCookie: " + this.cookie + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
                    return;
                }
                Swarm.this.in.clear();
                int read = channel.read(Swarm.this.in);
                if (read < 0) {
                    ended();
                    return;
                }
                byte[] bytes = new byte[this.pending.length + read];
                System.arraycopy(this.pending, 0, bytes, 0, this.pending.length);
                Swarm.this.in.flip().get(bytes, this.pending.length, read);
                int taken = take(bytes);
                this.pending = java.util.Arrays.copyOfRange(bytes, taken, bytes.length);
            } catch (IOException ex) {
                ended();
            }
        }

        private int take(byte[] bytes) throws IOException {
            int at = 0;
            if (!this.upgraded) {
                String head = new String(bytes, StandardCharsets.ISO_8859_1);
                int end = head.indexOf("\r\n\r\n");
                if (end < 0) {
                    return 0;
                }
                if (!head.startsWith("HTTP/1.1 101")) {
                    this.code = Integer.parseInt(head.substring(9, 12));
                    throw new IOException("refused");
                }
                this.upgraded = true;
                at = end + 4;
                if (this.session != null) {
                    write("{\"type\":\"hello\",\"session\":\"" + this.session + "\"}");
                }
            }
            while (bytes.length - at >= 2) {
                int length = bytes[at + 1] & 0x7f;
                int head = 2;
                if (length == 126) {
                    head = 4;
                    if (bytes.length - at < head) {
                        break;
                    }
                    length = (bytes[at + 2] & 0xff) << 8 | bytes[at + 3] & 0xff;
                } else if (length == 127) {
                    head = 10;
                    if (bytes.length - at < head) {
                        break;
                    }
                    length = (int) ByteBuffer.wrap(bytes, at + 2, 8).getLong();
                }
                if (bytes.length - at < head + length) {
                    break;
                }
                message(bytes[at] & 0x0f, bytes, at + head, length);
                at += head + length;
            }
            return at;
        }

        private void message(int opcode, byte[] bytes, int from, int length) throws IOException {
            if (opcode == 8) {
                this.code = length < 2 ? 1005 : (bytes[from] & 0xff) << 8 | bytes[from + 1] & 0xff;
                raw(new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, (byte) (this.code >> 8), (byte) this.code});
                throw new IOException("closed");
            }
            if (opcode == 1) {
                for (String frame : new String(bytes, from, length, StandardCharsets.UTF_8).split("\n")) {
                    frame(frame);
                }
            }
        }

        private void frame(String frame) {
            if (frame.startsWith("{\"type\":\"event\"")) {
                String cursor = text(frame, "cursor");
                if (cursor != null) {
                    this.cursor = cursor;
                    synchronized (this.events) {
                        this.events.add(text(frame, "id"));
                    }
                }
            } else if (frame.startsWith("{\"type\":\"welcome\"")) {
                if (this.session == null) {
                    this.session = text(frame, "session");
                }
                join();
            } else if (frame.startsWith("{\"type\":\"error\",\"id\":1,")) {
                // A machine that is too slow for so many at once.
                SocketChannel here = this.channel;
                Swarm.this.due.add(new Due(System.currentTimeMillis() + RETRY_MILLIS, () -> {
                    if (this.channel == here && !this.joined) {
                        join();
                    }
                }));
            } else if (frame.startsWith("{\"type\":\"joined\"")) {
                if (this.cursor == null) {
                    this.cursor = text(frame, "cursor");
                } else {
                    this.resumes.add(frame.contains("\"recovered\":true") ? "recovered" : "lost");
                }
                if (this.endedAt != 0) {
                    this.away.add((System.nanoTime() - this.endedAt) / 1_000_000);
                    this.endedAt = 0;
                }
                this.joined = true;
            } else if (frame.startsWith("{\"type\":\"ping\"")) {
                write("{\"type\":\"pong\"}");
            } else if (frame.startsWith("{\"type\":\"goaway\"")) {
                int at = frame.indexOf("\"reconnectAfter\":");
                if (at > 0) {
                    this.comeBackAfter = Long.parseLong(frame.substring(at + 17).replaceAll("[^0-9].*", ""));
                }
            }
            this.frames.accept(frame);
        }

        private void join() {
            String cursor = this.cursor;
            write("{\"type\":\"join\",\"id\":1,\"room\":\"" + this.room + "\""
                    + (cursor == null ? "" : ",\"since\":\"" + cursor + "\"") + this.more + "}");
        }

        private static @Nullable String text(String frame, String field) {
            int at = frame.indexOf("\"" + field + "\":\"");
            return at < 0
                    ? null
                    : frame.substring(at + field.length() + 4, frame.indexOf('"', at + field.length() + 4));
        }

        private void write(String text) {
            byte[] payload = text.getBytes(StandardCharsets.UTF_8);
            ByteBuffer frame = ByteBuffer.allocate(payload.length + 14).put((byte) 0x81);
            if (payload.length < 126) {
                frame.put((byte) (0x80 | payload.length));
            } else {
                frame.put((byte) (0x80 | 126)).putShort((short) payload.length);
            }
            frame.putInt(0).put(payload).flip();
            byte[] bytes = new byte[frame.remaining()];
            frame.get(bytes);
            try {
                raw(bytes);
            } catch (IOException ex) {
                ended();
            }
        }

        /** What a client sends fits into the socket's buffer. */
        private void raw(byte[] bytes) throws IOException {
            SocketChannel channel = this.channel;
            if (channel == null || channel.write(ByteBuffer.wrap(bytes)) < bytes.length) {
                throw new IOException("does not take what is written");
            }
        }

        private void ended() {
            SocketChannel channel = this.channel;
            if (channel == null) {
                return;
            }
            this.channel = null;
            this.joined = false;
            this.closes.add(this.code);
            if (this.endedAt == 0) {
                this.endedAt = System.nanoTime();
            }
            try {
                channel.close();
            } catch (IOException ex) {
                // It is gone.
            }
            this.frames.accept("closed " + this.code);
            if (this.staysAway) {
                return;
            }
            Swarm.this.due.add(new Due(System.currentTimeMillis() + this.comeBackAfter, () -> {
                List<Integer> ports = Swarm.this.ports;
                connect(ports.get(Swarm.this.random.nextInt(ports.size())));
            }));
        }
    }
}
