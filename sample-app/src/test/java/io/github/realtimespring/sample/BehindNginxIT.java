package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.github.realtimespring.test.redis.RedisServer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code two-instances.sh}: two processes behind nginx, which sends each request to the next of them. */
class BehindNginxIT {

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Pattern STARTED = Pattern.compile("Started SampleApplication");
    private static final String ROOM = "project:44";
    private static final JsonMapper JSON = new JsonMapper();

    @Test
    void oneChatIsServedByTwoInstancesWithoutStickySessions() throws Exception {
        needsNginx();
        int port = threeFreePorts();
        Path log = Files.createDirectories(Path.of("target", "processes")).resolve("two-instances.log");
        try (RedisServer redis = RedisServer.shared()) {
            ProcessBuilder builder = new ProcessBuilder(
                            "./two-instances.sh",
                            "redis",
                            "--spring.data.redis.host=" + redis.host(),
                            "--spring.data.redis.port=" + redis.port())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().put("PORT", Integer.toString(port));
            builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
            builder.environment().put("SAMPLE_JVM_OPTIONS", "-Xmx256m -XX:TieredStopAtLevel=1");
            Process script = builder.start();
            try {
                awaitBoth(script, log, port);
                chat(port);
                script.destroy();
                assertThat(script.waitFor(30, TimeUnit.SECONDS))
                        .as("the script ends")
                        .isTrue();
                assertThat(script.descendants()).as("nothing of it is left").isEmpty();
            } finally {
                script.descendants().forEach(ProcessHandle::destroyForcibly);
                script.destroyForcibly();
            }
        }
    }

    private static void chat(int port) throws Exception {
        List<Browser> members = new ArrayList<>();
        try {
            // Each request goes to the other instance than the one before, whatever a cookie says.
            for (String user : List.of("alice", "bob", "carol", "alice")) {
                Browser browser = new Browser(port);
                assertThat(browser.login(user, "demo").statusCode()).isEqualTo(302);
                assertThat(browser.get("/me").body()).contains(user);
                if (members.size() % 2 == 1) {
                    assertThat(browser.get("/me").body()).contains(user);
                }
                members.add(browser.connect());
                browser.request("{\"type\":\"join\",\"room\":\"" + ROOM + "\"}");
            }
            assertThat(local(port + 1)).as("both instances have members").isBetween(1L, 3L);
            assertThat(local(port + 1) + local(port + 2)).isEqualTo(4);

            Browser poller = new Browser(port);
            poller.login("bob", "demo");
            String position = JSON.readTree(
                            poller.get("/realtime/poll?room=" + ROOM).body())
                    .path("cursor")
                    .asString();

            for (int i = 0; i < 4; i++) {
                members.get(0)
                        .send("{\"type\":\"publish\",\"room\":\"" + ROOM
                                + "\",\"event\":\"message.send\",\"data\":{\"text\":\"" + i + "\"}}");
            }

            for (Browser member : members) {
                List<String> texts = new ArrayList<>();
                for (int i = 0; i < 4; i++) {
                    texts.add(member.event("message.created").path("text").asString());
                }
                assertThat(texts).containsExactly("0", "1", "2", "3");
            }
            assertThat(polled(poller, position, 4))
                    .as("who polls gets the same, whichever instance a poll reaches")
                    .containsExactly("0", "1", "2", "3");
        } finally {
            members.forEach(Browser::close);
        }
    }

    private static List<String> polled(Browser poller, String position, int count) throws Exception {
        List<String> texts = new ArrayList<>();
        String cursor = position;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (texts.size() < count && System.nanoTime() < deadline) {
            HttpResponse<String> answer = poller.get("/realtime/poll?wait=5s&room=" + ROOM + "&cursor=" + cursor);
            assertThat(answer.statusCode()).as(answer.body()).isIn(200, 204);
            if (answer.statusCode() == 200) {
                JsonNode body = JSON.readTree(answer.body());
                cursor = body.path("cursor").asString();
                for (JsonNode frame : body.path("frames")) {
                    if (frame.path("event").asString("").equals("message.created")) {
                        texts.add(frame.path("data").path("text").asString());
                    }
                }
            }
        }
        return texts;
    }

    /** Connections of one instance. */
    private static long local(int port) throws Exception {
        Browser operator = new Browser(port);
        operator.login("alice", "demo");
        JsonNode summary = JSON.readTree(operator.get("/actuator/realtime").body());
        return summary.path("connections").path("websocket").asLong();
    }

    private static void awaitBoth(Process script, Path log, int port) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (STARTED.matcher(Files.readString(log)).results().count() < 2 || !answers(port)) {
            if (script.waitFor(50, TimeUnit.MILLISECONDS) || System.nanoTime() > deadline) {
                fail("it did not start. It said:%n%s", Files.readString(log));
            }
        }
    }

    private static boolean answers(int port) throws IOException, InterruptedException {
        try {
            return new Browser(port).get("/csrf").statusCode() == 200;
        } catch (ConnectException notYet) {
            return false;
        }
    }

    private static void needsNginx() {
        boolean there = Stream.concat(
                        Stream.of("/usr/sbin"), Stream.of(System.getenv("PATH").split(":")))
                .anyMatch(directory -> Files.isExecutable(Path.of(directory, "nginx")));
        if (!there && Boolean.getBoolean("realtime.require-tools")) {
            fail("no nginx, and -Drealtime.require-tools forbids skipping");
        }
        if (!there) {
            System.out.println("sample-app: no nginx; skipped two-instances.sh");
        }
        Assumptions.assumeTrue(there, "no nginx");
    }

    private static int threeFreePorts() {
        for (int attempt = 0; attempt < 100; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(20_000, 30_000);
            if (free(port) && free(port + 1) && free(port + 2)) {
                return port;
            }
        }
        throw new IllegalStateException("no three ports in a row are free");
    }

    private static boolean free(int port) {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return true;
        } catch (IOException taken) {
            return false;
        }
    }
}
