package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import tools.jackson.databind.JsonNode;

@SpringBootTest(webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT)
class SampleApplicationIntegrationTests {

    @LocalServerPort
    int port;

    private Browser loggedIn(String user) throws Exception {
        Browser browser = new Browser(this.port);
        assertThat(redirect(browser.login(user, "demo"))).isEqualTo("/");
        return browser;
    }

    private String redirect(HttpResponse<String> response) {
        assertThat(response.statusCode()).isEqualTo(302);
        return response.headers().firstValue("Location").orElseThrow().replace("http://localhost:" + this.port, "");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/login.html",
                "/login.js",
                "/styles.css",
                "/favicon.svg",
                "/csrf",
                "/realtime/client/realtime.js",
                "/actuator/health"
            })
    void isOpenToEverybody(String path) throws Exception {
        assertThat(new Browser(this.port).get(path).statusCode()).isEqualTo(200);
    }

    @Test
    void thePageNeedsALogin() throws Exception {
        assertThat(redirect(new Browser(this.port).get("/"))).isEqualTo("/login.html");

        HttpResponse<String> alice = loggedIn("alice").get("/");
        assertThat(alice.statusCode()).isEqualTo(200);
        assertThat(alice.body()).contains("Project chat");
        assertThat(alice.headers().firstValue("Content-Security-Policy"))
                .hasValueSatisfying(policy ->
                        assertThat(policy).startsWith("default-src 'self'").doesNotContain("unsafe"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/me", "/realtime/ws", "/realtime/info", "/actuator/metrics", "/actuator/realtime"})
    void answersScriptsOfStrangersWith401(String path) throws Exception {
        assertThat(new Browser(this.port).get(path).statusCode()).isEqualTo(401);
    }

    @Test
    void aWrongPasswordLeadsBackToTheLogin() throws Exception {
        assertThat(redirect(new Browser(this.port).login("alice", "wrong"))).isEqualTo("/login.html?error");
    }

    @Test
    void aLoginWithoutTheTokenOfTheFormIsRefused() throws Exception {
        assertThat(new Browser(this.port)
                        .post("/login", "username=alice&password=demo")
                        .statusCode())
                .isEqualTo(403);
    }

    @Test
    void meIsWhoLoggedInWithTheirProjects() throws Exception {
        assertThat(loggedIn("carol").get("/me").body())
                .isEqualTo(
                        "{\"name\":\"carol\",\"projects\":[{\"id\":7,\"name\":\"Borealis\"},{\"id\":44,\"name\":\"Cygnus\"}]}");
    }

    @Test
    void alicesMessageReachesBobAndHerAckHasTheReceipt() throws Exception {
        try (Browser alice = loggedIn("alice").connect();
                Browser bob = loggedIn("bob").connect()) {
            alice.request("{\"type\":\"join\",\"room\":\"project:42\"}");
            JsonNode joined = bob.request("{\"type\":\"join\",\"room\":\"project:42\",\"presence\":true}");
            assertThat(joined.path("members").path(0).path("user").asString()).isIn("alice", "bob");
            assertThat(joined.path("state").path("servedBy").path("port").asString())
                    .isEqualTo(Integer.toString(this.port));

            JsonNode ack = alice.request("{\"type\":\"publish\",\"room\":\"project:42\",\"event\":\"message.send\","
                    + "\"key\":\"k1\",\"data\":{\"text\":\"hi\"}}");

            assertThat(ack.path("type").asString()).isEqualTo("ack");
            JsonNode receipt = ack.path("data").path("receipt");
            assertThat(receipt.path("members").asInt()).isEqualTo(2);
            assertThat(receipt.path("accepted").asInt()).isEqualTo(2);
            assertThat(receipt.path("backplane").asString()).isEqualTo("RECORDED");
            JsonNode message = bob.event("message.created");
            assertThat(message.path("id")).isEqualTo(ack.path("data").path("id"));
            assertThat(message.path("from").asString()).isEqualTo("alice");
            assertThat(message.path("text").asString()).isEqualTo("hi");
        }
    }

    @Test
    void carolIsNotInApollo() throws Exception {
        try (Browser carol = loggedIn("carol").connect()) {
            JsonNode answer = carol.request("{\"type\":\"join\",\"room\":\"project:42\"}");

            assertThat(answer.path("type").asString()).isEqualTo("error");
            assertThat(answer.path("code").asString()).isEqualTo("forbidden");
        }
    }

    @Test
    void aHandshakeNeedsALogin() {
        assertThatThrownBy(() -> new Browser(this.port).connect())
                .hasCauseInstanceOf(WebSocketHandshakeException.class)
                .cause()
                .satisfies(refused -> assertThat(((WebSocketHandshakeException) refused)
                                .getResponse()
                                .statusCode())
                        .isEqualTo(401));
    }

    @Test
    void whoSignsOutIsGone() throws Exception {
        Browser alice = loggedIn("alice");

        HttpResponse<String> out = alice.post("/logout", alice.csrf());

        assertThat(redirect(out)).isEqualTo("/login.html?logout");
        assertThat(alice.get("/me").statusCode()).isEqualTo(401);
    }

    @Test
    void theActuatorShowsTheEngineAndNoSecrets() throws Exception {
        Browser alice = loggedIn("alice");
        assertThat(alice.get("/actuator/realtime").statusCode()).isEqualTo(200);
        assertThat(alice.get("/actuator/env").statusCode()).isEqualTo(404);
    }
}
