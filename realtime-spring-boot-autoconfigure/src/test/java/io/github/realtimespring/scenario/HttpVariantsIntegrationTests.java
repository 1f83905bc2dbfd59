package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.Delivery;
import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.RoutingKey;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/** Streams and WebSockets over other HTTP than 1.1 in plain text. */
@ServerTest
class HttpVariantsIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final RoutingKey ROOM = RoutingKey.room("project:1");
    private static final DeliveryClass RECOVERABLE = DeliveryClass.of(Delivery.RECOVERABLE);
    private static final String JOIN = "{\"type\":\"join\",\"id\":1,\"room\":\"project:1\"}";

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class), properties);
    }

    @Test
    void aStreamOverHttp10HasNoChunksAndEndsWithItsConnection() throws Exception {
        try (RealtimeServer server = start();
                Socket socket = new Socket("127.0.0.1", server.port)) {
            socket.setSoTimeout((int) PATIENCE.toMillis());
            socket.getOutputStream()
                    .write("GET /realtime/sse?room=project:1 HTTP/1.0\r\nHost: localhost\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            BufferedReader in =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            List<String> head = readUntil(in, "");
            assertThat(head.get(0)).contains(" 200");
            assertThat(head).noneMatch(line -> line.toLowerCase(Locale.ROOT).startsWith("transfer-encoding"));
            List<String> body = new ArrayList<>(readUntil(in, "\"joined\""));
            for (int n = 1; n <= 200; n++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + n + ",\"t\":\"" + "x".repeat(n) + "\"}");
            }
            body.addAll(readUntil(in, "{\"n\":200,"));
            server.connection().close(CloseReason.SUPERSEDED);
            body.addAll(readUntil(in, null));

            assertThat(body).allMatch(line -> line.isEmpty() || line.matches("(retry|id|data): ?.*"));
            assertThat(body).filteredOn(line -> line.contains("{\"n\":")).hasSize(200);
            assertThat(body).anyMatch(line -> line.contains("goaway") && line.contains("4409"));
        }
    }

    /** Reads lines until one contains {@code part}, or until the end if it is null. */
    private static List<String> readUntil(BufferedReader in, String part) throws Exception {
        List<String> lines = new ArrayList<>();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            lines.add(line);
            if (part != null && (part.isEmpty() ? line.isEmpty() : line.contains(part))) {
                return lines;
            }
        }
        assertThat(part).as("in " + lines).isNull();
        return lines;
    }

    /** Jetty's compression collects what a response flushes, so an application must not have it compress streams. */
    @Test
    @DisabledIfSystemProperty(named = "realtime.test.server", matches = "jetty")
    void aServerThatCompressesHoldsNoEventBack() throws Exception {
        try (RealtimeServer server = start(
                        "server.compression.enabled=true",
                        "server.compression.mime-types=text/event-stream,application/json",
                        "server.compression.min-response-size=1B");
                SseClient client = SseClient.open(
                        server.http("/realtime/sse?room=project:1"), "Accept-Encoding: gzip, deflate, br")) {
            client.expect("\"joined\"");
            for (int n = 1; n <= 50; n++) {
                server.publish(ROOM, RECOVERABLE, "{\"n\":" + n + ",\"t\":\"x\"}");
                client.expect("{\"n\":" + n + ",");
            }
            assertThat(client.frames("event")).hasSize(50);
            server.connection().close(CloseReason.SUPERSEDED);
            assertThat(client.awaitEnd().expect("goaway")).contains("\"code\":4409");
        }
    }

    @Test
    void everyTransportWorksOverTls(@TempDir Path directory) throws Exception {
        Path keys = keys(directory);
        try (RealtimeServer server = start(
                "server.ssl.key-store=" + keys.toUri(),
                "server.ssl.key-store-password=password",
                "server.ssl.key-store-type=PKCS12")) {
            HttpClient http = HttpClient.newBuilder().sslContext(trusting(keys)).build();
            String authority = "localhost:" + server.port;
            URI sse = URI.create("https://" + authority + "/realtime/sse?room=project:1");
            try (TestClient socket = TestClient.connect(http, URI.create("wss://" + authority + "/realtime/ws"));
                    SseClient one = SseClient.open(http, sse);
                    SseClient two = SseClient.open(http, URI.create(sse + "&room=project:2"))) {
                PollClient polls =
                        new PollClient(http, URI.create("https://" + authority + "/realtime/poll?room=project:1"));
                polls.pollUntil("\"joined\"");
                socket.send(JOIN);
                socket.expect("\"joined\"");
                one.expect("\"joined\"");
                two.expect("project:2");
                // From what fits into one record of TLS to what needs several.
                for (int n = 1; n <= 120; n++) {
                    server.publish(
                                    ROOM,
                                    RECOVERABLE,
                                    "{\"n\":" + n + ",\"t\":\"" + "x".repeat(n % 3 == 0 ? 20_000 : n) + "\"}")
                            .receipt()
                            .toCompletableFuture()
                            .get(10, TimeUnit.SECONDS);
                    if (n % 10 == 0) {
                        socket.expect("{\"n\":" + n + ",");
                        one.expect("{\"n\":" + n + ",");
                        two.expect("{\"n\":" + n + ",");
                    }
                }
                assertThat(socket.inOrder()).isEqualTo(120);
                List<String> events = socket.frames().stream()
                        .filter(frame -> frame.startsWith("{\"type\":\"event\""))
                        .toList();
                assertThat(one.frames("event")).isEqualTo(events);
                assertThat(two.frames("event")).isEqualTo(events);
                assertThat(polls.pollUntil("{\"n\":120,"))
                        .filteredOn(frame -> frame.startsWith("{\"type\":\"event\""))
                        .hasSize(120);
                server.connections().forEach(connection -> connection.close(CloseReason.SUPERSEDED));
                assertThat(socket.closeCode()).isEqualTo(4409);
                assertThat(one.awaitEnd().expect("goaway")).contains("\"code\":4409");
                assertThat(two.awaitEnd().expect("goaway")).contains("\"code\":4409");
            }
        }
    }

    /** Made for this run, so that no key lies in the sources. */
    private static Path keys(Path directory) throws Exception {
        Path keys = directory.resolve("keys.p12");
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-alias",
                        "localhost",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-keyalg",
                        "EC",
                        "-validity",
                        "2",
                        "-storetype",
                        "PKCS12",
                        "-storepass",
                        "password",
                        "-keystore",
                        keys.toString())
                .redirectErrorStream(true)
                .start();
        String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(keytool.waitFor()).as(output).isZero();
        return keys;
    }

    private static SSLContext trusting(Path keys) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keys)) {
            store.load(in, "password".toCharArray());
        }
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("localhost", store.getCertificate("localhost"));
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
