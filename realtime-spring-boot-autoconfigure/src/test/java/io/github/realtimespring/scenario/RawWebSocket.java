package io.github.realtimespring.scenario;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A WebSocket client that can be wrong on purpose: bytes on a socket. */
public final class RawWebSocket implements AutoCloseable {

    public static final int CONTINUATION = 0;
    public static final int TEXT = 1;
    public static final int BINARY = 2;
    public static final int CLOSE = 8;
    public static final int PING = 9;
    public static final int PONG = 10;
    public static final int FIN = 0x80;
    public static final int RSV1 = 0x40;

    private final Socket socket;
    private final OutputStream out;
    private final DataInputStream in;
    private String status = "";
    private final List<String> headers = new ArrayList<>();

    public record Frame(int first, byte[] payload) {

        int opcode() {
            return this.first & 0x0f;
        }

        String text() {
            return new String(this.payload, StandardCharsets.UTF_8);
        }
    }

    private RawWebSocket(Socket socket) throws IOException {
        this.socket = socket;
        this.out = socket.getOutputStream();
        this.in = new DataInputStream(socket.getInputStream());
    }

    /** Sends a handshake and reads the answer, whatever it is. */
    public static RawWebSocket open(int port, String path, String... headers) throws IOException {
        return open(port, path, 0, headers);
    }

    /** The same with a receive buffer so small that a peer that does not read is noticed soon. */
    public static RawWebSocket open(int port, String path, int receiveBuffer, String... headers) throws IOException {
        Socket socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(new java.net.InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10_000);
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        RawWebSocket client = new RawWebSocket(socket);
        StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost:" + port
                + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        client.write(request.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        client.status = client.readLine();
        for (String line = client.readLine(); !line.isEmpty(); line = client.readLine()) {
            client.headers.add(line);
        }
        return client;
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = this.in.read(); b != '\n'; b = this.in.read()) {
            if (b < 0) {
                throw new EOFException("in " + line);
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /** The status code of the handshake's answer. */
    public int status() {
        return Integer.parseInt(this.status.split(" ")[1]);
    }

    /** A header of the handshake's answer, or null. */
    public String header(String name) {
        return this.headers.stream()
                .filter(line -> line.toLowerCase(Locale.ROOT).startsWith(name.toLowerCase(Locale.ROOT) + ":"))
                .map(line -> line.substring(name.length() + 1).trim())
                .findFirst()
                .orElse(null);
    }

    public List<String> headers() {
        return this.headers;
    }

    public void text(String text) throws IOException {
        frame(FIN | TEXT, text.getBytes(StandardCharsets.UTF_8));
    }

    /** A masked frame whose first byte is given. */
    public void frame(int first, byte[] payload) throws IOException {
        frame(first, true, payload.length, payload);
    }

    /** A frame whose header may say something else than what follows. */
    public void frame(int first, boolean masked, long declared, byte[] payload) throws IOException {
        ByteArrayOutputStream frame = new ByteArrayOutputStream();
        frame.write(first);
        int mask = masked ? 0x80 : 0;
        if (declared < 126) {
            frame.write(mask | (int) declared);
        } else if (declared < 65536) {
            frame.write(mask | 126);
            frame.write((int) declared >> 8);
            frame.write((int) declared);
        } else {
            frame.write(mask | 127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                frame.write((int) (declared >> shift));
            }
        }
        byte[] key = {0x12, 0x34, 0x56, 0x78};
        if (masked) {
            frame.write(key);
        }
        for (int i = 0; i < payload.length; i++) {
            frame.write(masked ? payload[i] ^ key[i % 4] : payload[i]);
        }
        write(frame.toByteArray());
    }

    public void write(byte[] bytes) throws IOException {
        this.out.write(bytes);
        this.out.flush();
    }

    public Frame read() throws IOException {
        int first = this.in.readUnsignedByte();
        long length = this.in.readUnsignedByte();
        if (length == 126) {
            length = this.in.readUnsignedShort();
        } else if (length == 127) {
            length = this.in.readLong();
        }
        byte[] payload = new byte[(int) length];
        this.in.readFully(payload);
        return new Frame(first, payload);
    }

    /** Reads one text message, fragments put together. */
    public String message() throws IOException {
        ByteArrayOutputStream message = new ByteArrayOutputStream();
        while (true) {
            Frame frame = read();
            if (frame.opcode() == CLOSE) {
                throw new EOFException("closed with " + code(frame));
            }
            if (frame.opcode() <= BINARY) {
                message.write(frame.payload());
                if ((frame.first() & FIN) != 0) {
                    return message.toString(StandardCharsets.UTF_8);
                }
            }
        }
    }

    /** Reads on until the frame that answers {@code id}. */
    public String answer(long id) throws IOException {
        while (true) {
            for (String frame : message().split("\n")) {
                if (frame.contains("\"id\":" + id + ",") || frame.contains("\"id\":" + id + "}")) {
                    return frame;
                }
            }
        }
    }

    /** Reads on until a close frame, whose code it returns, or the end of the connection: 1006. */
    public int closeCode() throws IOException {
        try {
            while (true) {
                Frame frame = read();
                if (frame.opcode() == CLOSE) {
                    return code(frame);
                }
            }
        } catch (EOFException | SocketException lost) {
            return 1006;
        }
    }

    private static int code(Frame close) {
        return close.payload().length < 2 ? 1005 : ((close.payload()[0] & 0xff) << 8) | (close.payload()[1] & 0xff);
    }

    public static byte[] closePayload(int code) {
        return new byte[] {(byte) (code >> 8), (byte) code};
    }

    /** How long a read waits, in milliseconds. */
    public RawWebSocket timeout(int millis) throws IOException {
        this.socket.setSoTimeout(millis);
        return this;
    }

    /** The stream of what the server sends. */
    public InputStream in() {
        return this.in;
    }

    @Override
    public void close() throws IOException {
        this.socket.close();
    }
}
