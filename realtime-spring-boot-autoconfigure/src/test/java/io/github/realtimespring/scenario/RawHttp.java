package io.github.realtimespring.scenario;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;

/** A client of HTTP that can be wrong on purpose: bytes on a socket. */
final class RawHttp implements AutoCloseable {

    private final Socket socket;
    private final InputStream in;

    /** The head of one answer and, unless it is a stream, its body. */
    record Answer(int status, Map<String, String> headers, String body) {

        String header(String name) {
            return this.headers.get(name);
        }
    }

    private RawHttp(Socket socket) throws IOException {
        this.socket = socket;
        this.in = new BufferedInputStream(socket.getInputStream());
    }

    static RawHttp open(RealtimeServer server) throws IOException {
        return open(server, 0);
    }

    /** @param receiveBuffer so small that a peer that does not read is noticed soon; 0 for what the system has */
    static RawHttp open(RealtimeServer server, int receiveBuffer) throws IOException {
        Socket socket = new Socket();
        if (receiveBuffer > 0) {
            socket.setReceiveBufferSize(receiveBuffer);
        }
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port), 10_000);
        socket.setSoTimeout(20_000);
        socket.setTcpNoDelay(true);
        return new RawHttp(socket);
    }

    /** A GET of {@code path} as it stands, encoded or not. */
    static Answer get(RealtimeServer server, String path, String... headers) throws IOException {
        return exchange(server, request("GET", path, headers) + "\r\n");
    }

    /** A {@code POST /realtime/send}. */
    static Answer send(RealtimeServer server, String frame, String... headers) throws IOException {
        return exchange(server, post(frame, headers));
    }

    /** Head and body of a {@code POST /realtime/send}. */
    static String post(String frame, String... headers) {
        byte[] body = frame.getBytes(StandardCharsets.UTF_8);
        return request("POST", "/realtime/send", headers) + "Content-Type: application/json\r\nContent-Length: "
                + body.length + "\r\n\r\n" + new String(body, StandardCharsets.ISO_8859_1);
    }

    /** A head without the empty line at its end. */
    static String request(String method, String path, String... headers) {
        StringBuilder request = new StringBuilder(method + " " + path + " HTTP/1.1\r\nHost: localhost\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        return request.toString();
    }

    private static Answer exchange(RealtimeServer server, String bytes) throws IOException {
        try (RawHttp client = open(server)) {
            client.write(bytes);
            return client.read();
        }
    }

    /** Sends a character as one byte. */
    void write(String bytes) throws IOException {
        write(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }

    void write(byte[] bytes) throws IOException {
        this.socket.getOutputStream().write(bytes);
    }

    /** Reads one answer; of an event stream only its head. */
    Answer read() throws IOException {
        String status = line();
        Map<String, String> headers = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        for (String line = line(); !line.isEmpty(); line = line()) {
            int colon = line.indexOf(':');
            headers.put(line.substring(0, colon), line.substring(colon + 1).trim());
        }
        int code = Integer.parseInt(status.substring(9, 12));
        boolean stream = headers.getOrDefault("Content-Type", "").startsWith("text/event-stream");
        return new Answer(code, headers, code == 100 || code == 204 || stream ? "" : body(headers));
    }

    /** The status of one answer, of which nothing more is read. */
    int status() throws IOException {
        return Integer.parseInt(line().substring(9, 12));
    }

    private String body(Map<String, String> headers) throws IOException {
        String length = headers.get("Content-Length");
        if (length != null) {
            return new String(this.in.readNBytes(Integer.parseInt(length)), StandardCharsets.UTF_8);
        }
        if (!headers.containsKey("Transfer-Encoding")) {
            return new String(this.in.readAllBytes(), StandardCharsets.UTF_8);
        }
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        for (int size = Integer.parseInt(line(), 16); size > 0; size = Integer.parseInt(line(), 16)) {
            body.writeBytes(this.in.readNBytes(size));
            line();
        }
        line();
        return body.toString(StandardCharsets.UTF_8);
    }

    private String line() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = this.in.read(); b != '\n'; b = this.in.read()) {
            if (b < 0) {
                throw new EOFException("after " + line);
            }
            if (b != '\r') {
                line.write(b);
            }
        }
        return line.toString(StandardCharsets.ISO_8859_1);
    }

    /** The next byte, -1 at the end. */
    int readByte() throws IOException {
        return this.in.read();
    }

    RawHttp timeout(int millis) throws IOException {
        this.socket.setSoTimeout(millis);
        return this;
    }

    @Override
    public void close() throws IOException {
        this.socket.close();
    }
}
