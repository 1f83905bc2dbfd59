package io.github.realtimespring.autoconfigure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.actuate.RealtimeMeter;
import io.github.realtimespring.registry.ConnectionRegistry;
import io.github.realtimespring.scenario.ServerTest;
import io.micrometer.common.docs.KeyName;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.availability.ApplicationAvailability;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.ConfigurableApplicationContext;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What an operator sees of a running application: meters, endpoint, health, drain. */
@ServerTest
class OperationsIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private static ConfigurableApplicationContext context;
    private static int port;

    private final HttpClient http = HttpClient.newHttpClient();

    @BeforeAll
    static void start() {
        context = new SpringApplication(ChatApplication.class)
                .run(
                        "--server.port=0",
                        "--realtime.node-id=6f2c",
                        "--realtime.heartbeat.interval=500ms",
                        "--realtime.heartbeat.timeout=3s",
                        "--realtime.drain.spread=0s",
                        "--management.endpoints.web.exposure.include=*",
                        "--management.endpoint.realtime.access=unrestricted",
                        "--management.endpoint.health.show-details=always",
                        "--management.endpoint.health.probes.enabled=true",
                        // Its client is on the class path, and no server is there
                        "--management.health.redis.enabled=false");
        port = ((WebServerApplicationContext) context).getWebServer().getPort();
    }

    @AfterAll
    static void stop() {
        context.close();
    }

    @AfterEach
    void everybodyIsGone() {
        ConnectionRegistry connections = context.getBean(ConnectionRegistry.class);
        connections.forEach(connection -> connection.close(io.github.realtimespring.CloseReason.NORMAL));
        await().atMost(PATIENCE).until(() -> connections.size() == 0);
    }

    private HttpResponse<String> call(String method, String path, String body) throws Exception {
        String credentials = Base64.getEncoder().encodeToString("alice:secret".getBytes(StandardCharsets.UTF_8));
        return this.http.send(
                HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/actuator/" + path))
                        .method(method, HttpRequest.BodyPublishers.ofString(body))
                        .header("Authorization", "Basic " + credentials)
                        .header("Content-Type", "application/json")
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private JsonNode get(String path) throws Exception {
        HttpResponse<String> response = call("GET", path, "");
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JSON.readTree(response.body());
    }

    /** The JSON with what differs from run to run named. */
    private static String snapshot(JsonNode json) {
        return JSON.writerWithDefaultPrettyPrinter()
                .writeValueAsString(json)
                .replace("\" : ", "\": ")
                .replaceAll("\"\\d{4}-\\d\\d-\\d\\dT[^\"]+Z\"", "\"<time>\"")
                .replaceAll("\"PT[^\"]+\"", "\"<duration>\"")
                .replaceAll("\"c[0-9A-Za-z]{16}\"", "\"<connection>\"")
                .replaceAll("\"nodes\": \\[ \"[0-9A-Z]{26}\" ]", "\"nodes\": [ \"<node>\" ]")
                .replaceAll("\"cursor\": \"[^\"]+\"", "\"cursor\": \"<cursor>\"")
                .replaceAll("\"historySize\": [1-9]\\d*", "\"historySize\": \"<count>\"");
    }

    private WebSocketClient join(String user, String room) throws Exception {
        WebSocketClient client = new WebSocketClient(port, user);
        client.send("{\"type\":\"join\",\"id\":1,\"room\":\"" + room + "\"}");
        client.expect("\"joined\"");
        return client;
    }

    private static void say(WebSocketClient client, String room) {
        client.send("{\"type\":\"publish\",\"id\":2,\"room\":\"" + room
                + "\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}");
        client.expect("\"ack\"");
        client.expect("message.created");
    }

    @Test
    void everyMeterExistsAfterActivityAndNoTagNamesARoomOrAUser() throws Exception {
        WebSocketClient alice = join("alice", "project:4711");
        WebSocketClient bob = join("bob", "project:4711");
        say(alice, "project:4711");
        alice.send("{\"type\":\"publish\",\"id\":3,\"room\":\"project:4711\",\"event\":\"fail\"}");
        alice.expect("\"error\"", "internal");
        alice.send("{\"type\":\"publish\",\"id\":4,\"room\":\"project:4711\",\"event\":\"made-up\"}");
        alice.expect("\"error\"", "not-found");
        alice.send("{\"type\":\"publish\",\"id\":5,\"room\":\"project:4711\",\"event\":\"typing\"}");
        bob.expect("\"typing\"");
        WebSocketClient eve = new WebSocketClient(port, "eve");
        eve.send("{\"type\":\"join\",\"id\":1,\"room\":\"project:4711\"}");
        eve.expect("forbidden");
        bob.expect("\"ping\"");
        bob.fallSilent();
        assertThat(bob.expectClose()).isEqualTo(1001);

        MeterRegistry registry = context.getBean(MeterRegistry.class);
        await().atMost(PATIENCE).untilAsserted(() -> {
            for (RealtimeMeter documented : RealtimeMeter.values()) {
                List<Meter> meters = registry.getMeters().stream()
                        .filter(meter -> meter.getId().getName().equals(documented.getName()))
                        .toList();
                assertThat(meters).as(documented.getName()).isNotEmpty();
                Set<String> tags = Arrays.stream(documented.getKeyNames())
                        .map(KeyName::asString)
                        .collect(Collectors.toSet());
                assertThat(meters).as(documented.getName()).allSatisfy(meter -> {
                    assertThat(meter.getId().getType()).isEqualTo(documented.getType());
                    // "error" is Micrometer's own, on the timers of observations
                    assertThat(meter.getId().getTags())
                            .extracting(Tag::getKey)
                            .filteredOn(key -> !key.equals("error"))
                            .containsExactlyInAnyOrderElementsOf(tags);
                });
            }
        });
        assertThat(registry.getMeters())
                .filteredOn(meter -> meter.getId().getName().startsWith("realtime."))
                .allSatisfy(meter -> assertThat(
                                Arrays.stream(RealtimeMeter.values()).map(RealtimeMeter::getName))
                        .contains(meter.getId().getName().replaceAll("\\.active$", "")))
                .flatExtracting(meter -> meter.getId().getTags())
                .extracting(tag -> ((Tag) tag).getValue())
                .noneMatch(value -> value.contains("4711")
                        || value.contains("alice")
                        || value.contains("bob")
                        || value.contains("made-up")
                        || value.matches("c[0-9A-Za-z]{16}"))
                .contains("project:{projectId}", "message.created", "message.send", "typing", "(access)", "denied");
        assertThat(registry.get("realtime.connections.closed")
                        .tags("code", "1001", "initiator", "server")
                        .counter()
                        .count())
                .isPositive();
        assertThat(registry.get("realtime.memberships")
                        .tag("room", "project:{projectId}")
                        .gauge()
                        .value())
                .isPositive();
        assertThat(registry.get("realtime.heartbeat.rtt").timer().count()).isPositive();
        assertThat(registry.get("realtime.fanout.deliveries")
                        .tags("outcome", "accepted", "delivery", "recoverable")
                        .counter()
                        .count())
                .isGreaterThanOrEqualTo(2);
    }

    @Test
    void summaryShowsWhatThisNodeHolds() throws Exception {
        JsonNode before = get("realtime").get("totals");
        WebSocketClient alice = join("alice", "project:42");
        join("bob", "project:42");
        say(alice, "project:42");
        JsonNode summary = get("realtime");
        assertThat(summary.get("totals").get("opened").asLong()
                        - before.get("opened").asLong())
                .isEqualTo(2);
        assertThat(summary.get("totals").get("outcomes").get("accepted").asLong()
                        - before.get("outcomes").get("accepted").asLong())
                .isEqualTo(2);
        assertThat(snapshot(summary)
                        .replaceAll("(?s)\"closed\": \\{.*?}", "\"closed\": {}")
                        .replaceAll(
                                "\"(events|accepted|coalesced|dropped|stale|opened|refused|closed)\": \\d+",
                                "\"$1\": <n>"))
                .isEqualTo("""
                {
                  "node": "6f2c",
                  "since": "<time>",
                  "uptime": "<duration>",
                  "connections": {
                    "websocket": 2
                  },
                  "users": 2,
                  "rooms": 1,
                  "memberships": 4,
                  "reverseMemberships": 4,
                  "inconsistencies": 0,
                  "queue": {
                    "bytes": 0,
                    "messages": 0,
                    "over50pct": 0
                  },
                  "totals": {
                    "events": <n>,
                    "outcomes": {
                      "accepted": <n>,
                      "coalesced": <n>,
                      "dropped": <n>,
                      "closed": <n>,
                      "stale": <n>
                    },
                    "opened": <n>,
                    "refused": <n>,
                    "closed": {}
                  },
                  "backplane": {
                    "type": "local",
                    "readable": true,
                    "writable": true,
                    "since": "<time>"
                  },
                  "shards": {
                    "buckets": 256,
                    "owners": {
                      "6f2c": 256
                    }
                  },
                  "drain": {
                    "state": "running",
                    "remaining": 2
                  }
                }""");
    }

    @Test
    void roomsAreListedAndShown() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        join("bob", "project:42");
        join("bob", "project:7");
        say(alice, "project:42");
        assertThat(snapshot(get("realtime/rooms"))).isEqualTo("""
                {
                  "total": 2,
                  "rooms": [ {
                    "room": "project:42",
                    "pattern": "project:{projectId}",
                    "members": 2
                  }, {
                    "room": "project:7",
                    "pattern": "project:{projectId}",
                    "members": 1
                  } ]
                }""");
        assertThat(get("realtime/rooms?sort=name")
                        .get("rooms")
                        .get(0)
                        .get("room")
                        .asString())
                .isEqualTo("project:42");
        JsonNode limited = get("realtime/rooms?limit=1");
        assertThat(limited.get("total").asInt()).isEqualTo(2);
        assertThat(limited.get("rooms").size()).isOne();
        assertThat(get("realtime/rooms?prefix=project:7").get("total").asInt()).isOne();
        assertThat(get("realtime/rooms?tenant=acme").get("total").asInt()).isZero();
        assertThat(snapshot(get("realtime/rooms/project:42"))).isEqualTo("""
                {
                  "room": "project:42",
                  "pattern": "project:{projectId}",
                  "members": 2,
                  "users": [ {
                    "user": "alice",
                    "connections": 1
                  }, {
                    "user": "bob",
                    "connections": 1
                  } ],
                  "connections": [ "<connection>", "<connection>" ],
                  "cursor": "<cursor>",
                  "historySize": "<count>",
                  "lastEvent": {
                    "event": "message.created",
                    "delivery": "recoverable",
                    "time": "<time>",
                    "members": 2,
                    "excluded": 0,
                    "outcomes": {
                      "accepted": 2,
                      "coalesced": 0,
                      "dropped": 0,
                      "closed": 0,
                      "stale": 0
                    },
                    "duration": "<duration>"
                  }
                }""");
    }

    @Test
    void connectionsAndUsersAreListedAndShown() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        join("bob", "project:42");
        alice.expect("\"ping\"");
        assertThat(snapshot(get("realtime/connections"))).isEqualTo("""
                {
                  "total": 2,
                  "connections": [ {
                    "id": "<connection>",
                    "user": "alice",
                    "transport": "websocket",
                    "since": "<time>",
                    "rooms": 1
                  }, {
                    "id": "<connection>",
                    "user": "bob",
                    "transport": "websocket",
                    "since": "<time>",
                    "rooms": 1
                  } ]
                }""");
        assertThat(get("realtime/connections?user=bob").get("total").asInt()).isOne();
        assertThat(get("realtime/connections?room=project:42").get("total").asInt())
                .isEqualTo(2);
        assertThat(get("realtime/connections?room=project:42&user=alice")
                        .get("total")
                        .asInt())
                .isOne();
        assertThat(get("realtime/connections?room=project:8").get("total").asInt())
                .isZero();
        JsonNode listed =
                get("realtime/connections?user=alice").get("connections").get(0);
        await().atMost(PATIENCE)
                .until(() -> get("realtime/connections/" + listed.get("id").asString())
                        .has("roundTrip"));
        assertThat(snapshot(get("realtime/connections/" + listed.get("id").asString())))
                .isEqualTo("""
                {
                  "id": "<connection>",
                  "user": "alice",
                  "transport": "websocket",
                  "since": "<time>",
                  "rooms": [ "project:42" ],
                  "queue": {
                    "messages": 0,
                    "bytes": 0,
                    "age": "<duration>"
                  },
                  "dropped": 0,
                  "roundTrip": "<duration>"
                }""");
        assertThat(snapshot(get("realtime/users/bob"))).isEqualTo("""
                {
                  "user": "bob",
                  "connections": [ {
                    "id": "<connection>",
                    "user": "bob",
                    "transport": "websocket",
                    "since": "<time>",
                    "rooms": 1
                  } ],
                  "presence": {
                    "state": "online",
                    "nodes": [ "<node>" ]
                  }
                }""");
    }

    @Test
    void handlersAreListed() throws Exception {
        assertThat(snapshot(get("realtime/handlers"))).isEqualTo("""
                {
                  "handlers": [ {
                    "pattern": "project:{projectId}",
                    "kind": "access",
                    "method": "ProjectRoom.mayEnter",
                    "access": "ProjectRoom.mayEnter"
                  }, {
                    "pattern": "project:{projectId}",
                    "kind": "joined",
                    "method": "ProjectRoom.joined",
                    "access": "ProjectRoom.mayEnter"
                  }, {
                    "pattern": "project:{projectId}",
                    "kind": "event",
                    "event": "fail",
                    "method": "ProjectRoom.fail",
                    "access": "ProjectRoom.mayEnter"
                  }, {
                    "pattern": "project:{projectId}",
                    "kind": "event",
                    "event": "message.send",
                    "method": "ProjectRoom.send",
                    "payload": "Say",
                    "access": "ProjectRoom.mayEnter",
                    "broadcast": "message.created",
                    "delivery": "recoverable"
                  }, {
                    "pattern": "project:{projectId}",
                    "kind": "event",
                    "event": "typing",
                    "method": "ProjectRoom.typing",
                    "access": "ProjectRoom.mayEnter"
                  }, {
                    "pattern": "project:{projectId}",
                    "kind": "left",
                    "method": "ProjectRoom.left",
                    "access": "ProjectRoom.mayEnter"
                  } ]
                }""");
    }

    @Test
    void whatIsNotHereIsNotFound() throws Exception {
        for (String path : List.of(
                "realtime/rooms/project:1", "realtime/connections/c1", "realtime/users/nobody", "realtime/secrets")) {
            assertThat(call("GET", path, "").statusCode()).as(path).isEqualTo(404);
        }
        for (String path :
                List.of("realtime/connections/c1", "realtime/users/nobody", "realtime/rooms/project:1?user=nobody")) {
            assertThat(call("DELETE", path, "").statusCode()).as(path).isEqualTo(404);
        }
        assertThat(call("POST", "realtime/rooms", "{\"state\":\"start\"}").statusCode())
                .isEqualTo(404);
    }

    @Test
    void namesThatCannotBeAreRefusedAndNotRepeated() throws Exception {
        for (String path : List.of(
                "realtime/rooms/project:1%5Bevil",
                "realtime/rooms/__proto__evil",
                "realtime/connections/evil.c",
                "realtime/users/%20evil",
                "realtime/rooms?limit=0",
                "realtime/rooms?limit=1001",
                "realtime/rooms?sort=evil",
                "realtime/connections?user=evil%E2%80%A8",
                "realtime/connections?room=%2Aevil",
                "realtime/rooms/project:1?tenant=%2Aevil")) {
            HttpResponse<String> response = call("GET", path, "");
            assertThat(response.statusCode()).as(path).isEqualTo(400);
            assertThat(response.body().replaceAll("\"path\":\"[^\"]*\"", ""))
                    .as(path)
                    .doesNotContain("evil");
        }
        assertThat(call("DELETE", "realtime/connections/c1?code=1001", "").statusCode())
                .isEqualTo(400);
        assertThat(call("DELETE", "realtime/rooms/project:1", "").statusCode()).isEqualTo(400);
        assertThat(call("POST", "realtime/drain", "{\"state\":\"evil\"}").statusCode())
                .isEqualTo(400);
    }

    @Test
    void operatorClosesAConnection() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        String id = get("realtime/connections?user=alice")
                .get("connections")
                .get(0)
                .get("id")
                .asString();
        HttpResponse<String> response = call("DELETE", "realtime/connections/" + id + "?code=4429", "");
        assertThat(snapshot(JSON.readTree(response.body()))).isEqualTo("""
                {
                  "connections": [ "<connection>" ]
                }""");
        assertThat(alice.expectClose()).isEqualTo(4429);
    }

    @Test
    void operatorClosesAUserAndNobodyElse() throws Exception {
        WebSocketClient one = join("alice", "project:42");
        WebSocketClient two = join("alice", "project:42");
        WebSocketClient bob = join("bob", "project:42");
        assertThat(call("DELETE", "realtime/users/alice", "").statusCode()).isEqualTo(200);
        assertThat(one.expectClose()).isEqualTo(4403);
        assertThat(two.expectClose()).isEqualTo(4403);
        say(bob, "project:42");
    }

    @Test
    void operatorEvictsAUserFromARoom() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        WebSocketClient bob = join("bob", "project:42");
        assertThat(call("DELETE", "realtime/rooms/project:42?user=alice", "").statusCode())
                .isEqualTo(200);
        alice.expect("\"left\"", "evicted", "\"rejoin\":false");
        say(bob, "project:42");
        assertThat(alice.frames()).noneMatch(frame -> frame.contains("message.created"));
    }

    @Test
    void drainIsStartedCalledOffAndSeen() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        ApplicationAvailability availability = context.getBean(ApplicationAvailability.class);
        assertThat(call("GET", "health/readiness", "").statusCode()).isEqualTo(200);
        assertThat(get("health").get("components").get("realtime").toString())
                .contains("\"backplane\"", "\"drain\"", "\"state\":\"running\"", "\"connections\"", "\"files\":");
        HttpResponse<String> started = call("POST", "realtime/drain", "{\"state\":\"start\"}");
        try {
            assertThat(started.statusCode()).isEqualTo(200);
            assertThat(started.body()).contains("\"state\":\"drain");
            alice.expect("\"goaway\"");
            assertThat(alice.expectClose()).isEqualTo(1012);
            await().atMost(PATIENCE)
                    .until(() ->
                            get("realtime").get("drain").get("state").asString().equals("drained"));
            assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.REFUSING_TRAFFIC);
            assertThat(call("GET", "health/readiness", "").statusCode()).isEqualTo(503);
            assertThat(call("GET", "health/liveness", "").statusCode()).isEqualTo(200);
            assertThat(call("GET", "health", "").body()).contains("OUT_OF_SERVICE");
            assertThat(context.getBean(MeterRegistry.class)
                            .get("realtime.drain")
                            .gauge()
                            .value())
                    .isEqualTo(2);
        } finally {
            assertThat(call("POST", "realtime/drain", "{\"state\":\"stop\"}").body())
                    .contains("\"state\":\"running\"");
        }
        assertThat(availability.getReadinessState()).isEqualTo(ReadinessState.ACCEPTING_TRAFFIC);
        join("alice", "project:42");
    }

    @Test
    void bucketsAreShownWithTheirOwners() throws Exception {
        JsonNode buckets = get("realtime/shards").get("buckets");
        assertThat(buckets.size()).isEqualTo(256);
        assertThat(buckets.get(17).toString()).isEqualTo("{\"bucket\":17,\"owner\":\"6f2c\",\"token\":1}");
    }

    @Test
    void aShareOfTheConnectionsIsAskedToComeBack() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        HttpResponse<String> shed = call("POST", "realtime/rebalance", "{\"share\":1}");
        assertThat(shed.statusCode()).isEqualTo(200);
        assertThat(shed.body()).isEqualTo("{\"shed\":1,\"connections\":1}");
        alice.expect("\"goaway\"", "\"reason\":\"rebalance\"", "\"reconnectAfter\":");
        assertThat(alice.expectClose()).isEqualTo(4500);
        join("alice", "project:42");
        for (String share : List.of("{\"share\":0}", "{\"share\":1.5}", "{}")) {
            assertThat(call("POST", "realtime/rebalance", share).statusCode())
                    .as(share)
                    .isEqualTo(400);
        }
    }

    @Test
    void everyRequestOfTheDocumentationIsAnswered() throws Exception {
        WebSocketClient alice = join("alice", "project:42");
        join("bob", "project:42");
        String id = get("realtime/connections?user=alice")
                .get("connections")
                .get(0)
                .get("id")
                .asString();
        Matcher row = Pattern.compile("\\| `(GET|POST|DELETE) /actuator/(\\S+)` \\|")
                .matcher(Files.readString(documentation()));
        int rows = 0;
        while (row.find()) {
            rows++;
            String path = row.group(2)
                    .replace("{room}", "project:42")
                    .replace("{id}", id)
                    .replace("{name}", row.group(1).equals("DELETE") ? "bob" : "alice");
            if (row.group(1).equals("DELETE") && path.contains("rooms")) {
                path += "?user=bob";
            }
            String body = row.group(1).equals("POST") ? "{\"state\":\"stop\",\"share\":0.01}" : "";
            assertThat(call(row.group(1), path, body).statusCode())
                    .as(row.group())
                    .isEqualTo(200);
        }
        assertThat(rows).isEqualTo(13);
        assertThat(alice.expectClose()).isEqualTo(4403);
    }

    private static Path documentation() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("docs/operations.md"))) {
            directory = directory.getParent();
        }
        return directory.resolve("docs/operations.md");
    }

    @Test
    void changesAreNotOfferedUnlessTheApplicationSaysSo() throws Exception {
        try (ConfigurableApplicationContext careful = new SpringApplication(ChatApplication.class)
                .run("--server.port=0", "--management.endpoints.web.exposure.include=realtime")) {
            int before = port;
            port = ((WebServerApplicationContext) careful).getWebServer().getPort();
            try {
                assertThat(call("GET", "realtime", "").statusCode()).isEqualTo(200);
                assertThat(call("POST", "realtime/drain", "{\"state\":\"start\"}")
                                .statusCode())
                        .isEqualTo(405);
                assertThat(call("DELETE", "realtime/users/alice", "").statusCode())
                        .isEqualTo(405);
            } finally {
                port = before;
            }
        }
    }
}
