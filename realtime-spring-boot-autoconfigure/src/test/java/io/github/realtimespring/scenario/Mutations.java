package io.github.realtimespring.scenario;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Valid input with something wrong in it, the same for the same seed: that reaches further than noise. */
final class Mutations {

    /** Every frame of the protocol, and those of the server, which a client may try, too. */
    private static final List<String> FRAMES = List.of(
            "{\"type\":\"hello\",\"session\":\"3q2-7wAAAAAAAAAAAAAAAA\"}",
            "{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}",
            "{\"type\":\"join\",\"id\":2,\"room\":\"project:2\",\"since\":\"abcd1234.17\",\"presence\":true,\"data\":{\"a\":[1,2]}}",
            "{\"type\":\"leave\",\"id\":3,\"room\":\"project:1\"}",
            "{\"type\":\"publish\",\"id\":4,\"room\":\"project:1\",\"event\":\"message.send\",\"key\":\"k1\",\"data\":{\"text\":\"hi\"}}",
            "{\"type\":\"publish\",\"id\":5,\"room\":\"project:2\",\"event\":\"echo\",\"data\":{\"a\":{\"b\":[1.5e3,null,true]}}}",
            "{\"type\":\"publish\",\"room\":\"project:1\",\"event\":\"typing\"}",
            "{\"type\":\"auth\",\"id\":6,\"token\":\"eyJhbGciOiJIUzI1NiJ9.e30.x\"}",
            "{\"type\":\"presence\",\"room\":\"project:1\",\"state\":\"idle\"}",
            "{\"type\":\"pong\"}",
            "{\"type\":\"event\",\"room\":\"project:1\",\"event\":\"message.created\",\"id\":\"01J9\",\"data\":{}}",
            "{\"type\":\"goaway\",\"reason\":\"draining\",\"reconnectAfter\":0}");

    private static final List<String> REQUESTS = List.of(
            "GET /realtime/sse?room=project:1&room=project:2@abcd1234.17 HTTP/1.1\r\nHost: localhost\r\n"
                    + "Accept: text/event-stream\r\nLast-Event-ID: abcd1234.17_-_0123456789abcdef\r\n\r\n",
            "GET /realtime/poll?room=project:1&cursor=abcd1234.17~c18.3&wait=0 HTTP/1.1\r\nHost: localhost\r\n"
                    + "X-Realtime-Session: 3q2-7wAAAAAAAAAAAAAAAA\r\n\r\n",
            "GET /realtime/poll?room=project:1&wait=0ms HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n\r\n",
            post(
                    "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"echo\",\"key\":\"k\",\"data\":{\"a\":1}}"),
            "POST /realtime/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json;charset=utf-8\r\n"
                    + "Transfer-Encoding: chunked\r\n\r\n10\r\n{\"type\":\"publish\r\n2\r\n\"}\r\n0\r\n\r\n",
            "GET /realtime/ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                    + "Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer.YQ\r\n"
                    + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n",
            "GET /realtime/info HTTP/1.1\r\nHost: localhost\r\n\r\n");

    private static final List<String> HOSTILE = List.of(
            "\u0000",
            "\u001b[31m",
            "\r\n",
            "\n\n",
            "\u2028",
            "\ufeff",
            "\u202e",
            "\"",
            "\\",
            "\\ud800",
            "\ud83d\ude00",
            "{",
            "[",
            "[[[[[[[[[[[[[[[[",
            "]",
            "}",
            ":",
            ",",
            "null",
            "1e999",
            "-0",
            "9007199254740993",
            "99999999999999999999999999999999",
            "true",
            "__proto__",
            "../",
            "%00",
            "%",
            "%ff",
            "@",
            "~",
            "_",
            "&room=",
            "&&==",
            "#",
            "?",
            ";",
            "*",
            "/**/",
            "acme/room:",
            "\"id\":7,",
            "\"type\":\"publish\",",
            "Content-Length: 5\r\n",
            "Transfer-Encoding: chunked\r\n",
            "Expect: 100-continue\r\n",
            "Connection: close\r\n",
            "0\r\n\r\n",
            "ffffffff\r\n",
            " HTTP/1.0\r\n");

    private final Random random;

    Mutations(long seed) {
        this.random = new Random(seed);
    }

    private static String post(String body) {
        return "POST /realtime/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                + body.length() + "\r\n\r\n" + body;
    }

    Random random() {
        return this.random;
    }

    /** The text of a frame; what it says may be right. */
    String frame() {
        return changed(pick(FRAMES), FRAMES);
    }

    /** The bytes of a request, a character each. */
    String request() {
        String request = changed(pick(REQUESTS), REQUESTS);
        return new String(request.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private String changed(String text, List<String> others) {
        StringBuilder changed = new StringBuilder(text);
        for (int i = this.random.nextInt(4); i > 0; i--) {
            change(changed, others);
        }
        return changed.toString();
    }

    private void change(StringBuilder text, List<String> others) {
        int from = this.random.nextInt(text.length() + 1);
        int to = Math.min(text.length(), from + 1 + this.random.nextInt(8));
        switch (this.random.nextInt(8)) {
            case 0 -> text.delete(from, to);
            case 1 -> text.insert(from, pick(HOSTILE));
            case 2 -> text.replace(from, to, pick(HOSTILE));
            case 3 -> text.insert(from, text.substring(from, to).repeat(1 + this.random.nextInt(50)));
            case 4 -> text.setLength(from);
            case 5 -> {
                String other = pick(others);
                text.replace(from, text.length(), other.substring(this.random.nextInt(other.length())));
            }
            case 6 -> {
                for (int i = from; i < to; i++) {
                    text.setCharAt(i, (char) (1 + this.random.nextInt(0x17f)));
                }
            }
            default -> quoted(text);
        }
    }

    /** Puts something else into one of the strings, which leaves JSON that can be read. */
    private void quoted(StringBuilder text) {
        int begin = text.indexOf("\"", this.random.nextInt(text.length() + 1));
        int end = begin < 0 ? -1 : text.indexOf("\"", begin + 1);
        if (end < 0) {
            return;
        }
        String other = switch (this.random.nextInt(4)) {
            case 0 -> "";
            case 1 -> "x".repeat(this.random.nextInt(300));
            case 2 -> "\\u" + String.format("%04x", this.random.nextInt(0x10000));
            default -> pick(HOSTILE).replace("\\", "\\\\").replace("\"", "\\\"");
        };
        text.replace(begin + 1, end, other);
    }

    private <T> T pick(List<T> list) {
        return list.get(this.random.nextInt(list.size()));
    }

    /**
     * The bytes of a message below JSON: bits, opcodes, lengths, masks and the order of fragments are as they may be, or
     * not.
     */
    byte[] wire() {
        ByteArrayOutputStream wire = new ByteArrayOutputStream();
        for (int i = 1 + this.random.nextInt(3); i > 0; i--) {
            byte[] payload = payload();
            int first = this.random.nextInt(4) == 0
                    ? this.random.nextInt(256)
                    : (this.random.nextBoolean() ? 0x80 : 0) | pick(List.of(0, 1, 1, 1, 2, 8, 9, 10, 3, 11));
            long declared = this.random.nextInt(4) == 0 ? length() : payload.length;
            header(wire, first, declared, this.random.nextInt(8) > 0);
            wire.writeBytes(payload);
        }
        byte[] bytes = wire.toByteArray();
        if (this.random.nextInt(3) == 0) {
            for (int i = 1 + this.random.nextInt(4); i > 0; i--) {
                bytes[this.random.nextInt(bytes.length)] ^= (byte) (1 << this.random.nextInt(8));
            }
        }
        return this.random.nextInt(5) == 0 ? Arrays.copyOf(bytes, this.random.nextInt(bytes.length + 1)) : bytes;
    }

    private byte[] payload() {
        if (this.random.nextInt(3) > 0) {
            byte[] text = frame().getBytes(StandardCharsets.UTF_8);
            return Arrays.copyOf(text, this.random.nextBoolean() ? text.length : this.random.nextInt(text.length + 1));
        }
        byte[] noise = new byte[this.random.nextInt(300)];
        this.random.nextBytes(noise);
        return noise;
    }

    private long length() {
        return switch (this.random.nextInt(6)) {
            case 0 -> this.random.nextInt(126);
            case 1 -> this.random.nextInt(1 << 16);
            case 2 -> this.random.nextInt();
            case 3 -> this.random.nextLong();
            case 4 -> 64 << 10;
            default -> Integer.MAX_VALUE;
        };
    }

    /** The mask is that of all zeros: then the payload stands there as it is. */
    private void header(ByteArrayOutputStream wire, int first, long declared, boolean masked) {
        int mask = masked ? 0x80 : 0;
        wire.write(first);
        if (declared >= 0 && declared < 126 && this.random.nextInt(8) > 0) {
            wire.write(mask | (int) declared);
        } else if (declared >= 0 && declared < 65536 && this.random.nextInt(8) > 0) {
            wire.write(mask | 126);
            wire.write((int) declared >> 8);
            wire.write((int) declared);
        } else {
            wire.write(mask | 127);
            for (int shift = 56; shift >= 0; shift -= 8) {
                wire.write((int) (declared >> shift));
            }
        }
        if (masked) {
            wire.writeBytes(new byte[4]);
        }
    }
}
