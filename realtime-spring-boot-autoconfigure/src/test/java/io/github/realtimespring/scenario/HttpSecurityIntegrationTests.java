package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.registry.Places;
import io.github.realtimespring.room.UserService;
import jakarta.servlet.http.HttpServletRequest;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.CookieManager;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.userdetails.MapReactiveUserDetailsService;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.context.WebSessionServerSecurityContextRepository;
import org.springframework.security.web.server.csrf.ServerCsrfTokenRequestAttributeHandler;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebSession;
import reactor.core.publisher.Mono;

/** The input table of the specification, on each transport over HTTP. */
@ServerTest
class HttpSecurityIntegrationTests {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String PUBLISH =
            "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"echo\",\"data\":{}}";

    private static String basic(String user) {
        return "Authorization: Basic "
                + Base64.getEncoder().encodeToString((user + ":secret").getBytes(StandardCharsets.UTF_8));
    }

    private static int status(RealtimeServer server, String path, String... headers) throws Exception {
        return raw(server, path, headers).status();
    }

    private record Raw(int status, String head) {}

    /** A request with any header, as a page of another site or no browser at all could send it. */
    private static Raw raw(RealtimeServer server, String path, String... headers) throws Exception {
        try (Socket socket = new Socket("127.0.0.1", server.port)) {
            socket.setSoTimeout(20_000);
            boolean post = path.endsWith("/send");
            StringBuilder request = new StringBuilder((post ? "POST " : "GET ") + path + " HTTP/1.1\r\n");
            request.append("Host: localhost:").append(server.port).append("\r\n");
            for (String header : headers) {
                request.append(header).append("\r\n");
            }
            if (post) {
                request.append("Content-Type: application/json\r\nContent-Length: ")
                        .append(PUBLISH.length())
                        .append("\r\n");
            }
            request.append("\r\n").append(post ? PUBLISH : "");
            OutputStream out = socket.getOutputStream();
            out.write(request.toString().getBytes(StandardCharsets.UTF_8));
            out.flush();
            InputStream in = socket.getInputStream();
            StringBuilder head = new StringBuilder();
            while (head.indexOf("\r\n\r\n") < 0) {
                int c = in.read();
                assertThat(c).as("what comes after %s", head).isNotNegative();
                head.append((char) c);
            }
            return new Raw(Integer.parseInt(head.substring(9, 12)), head.toString());
        }
    }

    private static final List<String> PATHS =
            List.of("/realtime/sse?room=project:1", "/realtime/poll?room=project:1&wait=0", "/realtime/send");

    @Test
    void aForeignOriginIsRefusedOnEveryTransportAndAnAllowedOneMayRead() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class),
                "realtime.websocket.allowed-origins=https://app.example.com")) {
            for (String path : PATHS) {
                for (String origin : List.of(
                        "https://evil.example",
                        "null",
                        "https://app.example.com.evil.example",
                        "http://app.example.com",
                        "https://app.example.com@evil.example")) {
                    assertThat(status(server, path, "Origin: " + origin))
                            .as("%s from %s", path, origin)
                            .isEqualTo(403);
                }
                assertThat(status(server, path, "Sec-Fetch-Site: cross-site"))
                        .as(path)
                        .isEqualTo(403);
                assertThat(status(server, path)).as(path).isEqualTo(200);
                assertThat(status(server, path, "Origin: http://localhost:" + server.port))
                        .as(path)
                        .isEqualTo(200);
                Raw allowed = raw(server, path, "Origin: https://app.example.com");
                assertThat(allowed.status()).as(path).isEqualTo(200);
                assertThat(allowed.head())
                        .contains("Access-Control-Allow-Origin: https://app.example.com")
                        .contains("Access-Control-Allow-Credentials: true");
            }
        }
    }

    @Test
    void withoutCredentialsNothingIsServed() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(Users.class, Basic.class, HttpProjects.class))) {
            for (String path : PATHS) {
                assertThat(status(server, path)).as(path).isEqualTo(401);
                assertThat(status(server, path, basic("eve"))).as(path).isEqualTo(401);
                assertThat(status(server, path, basic("alice"))).as(path).isEqualTo(200);
            }
            try (SseClient alice = SseClient.open(server.http("/realtime/sse?room=project:secret"), basic("alice"));
                    SseClient bob = SseClient.open(server.http("/realtime/sse?room=project:secret"), basic("bob"))) {
                assertThat(alice.expect("project:secret")).contains("\"joined\"");
                assertThat(bob.expect("project:secret")).contains("\"forbidden\"");
                assertThat(alice.expect("welcome")).contains("\"user\":\"alice\"");
            }
            // The access rule of a room holds at a URL of the application's own, too.
            try (SseClient bob = SseClient.open(server.http("/events/projects/secret"), basic("bob"));
                    SseClient alice = SseClient.open(server.http("/events/projects/secret"), basic("alice"))) {
                assertThat(bob.expect("project:secret")).contains("\"forbidden\"");
                assertThat(alice.expect("project:secret")).contains("\"joined\"");
            }
        }
    }

    @Test
    void streamsAndPollsEndWithTheirCredentials() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(Users.class, Basic.class, HttpProjects.class, Expiring.class))) {
            Instant begin = Instant.now();
            try (SseClient stream = SseClient.open(server.http("/realtime/sse?room=project:1"), basic("alice"));
                    SseClient lasting = SseClient.open(server.http("/realtime/sse?room=project:1"), basic("bob"))) {
                PollClient poll = new PollClient(server.http("/realtime/poll?room=project:1"), basic("alice"));
                poll.poll("0");
                CompletableFuture<PollClient.Answer> waiting = poll.pollAsync("25s");
                assertThat(stream.awaitEnd().expect("goaway")).contains("\"code\":4401");
                assertThat(waiting.get(10, TimeUnit.SECONDS).frames("goaway"))
                        .first()
                        .asString()
                        .contains("\"code\":4401");
                assertThat(Duration.between(begin, Instant.now())).isGreaterThan(Duration.ofMillis(1500));
                assertThat(lasting.isOpen()).isTrue();
            }
        }
    }

    @Test
    void streamsAndPollsEndWithTheSessionThatAuthenticatedThem() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(Users.class, Sessions.class, HttpProjects.class, SessionPages.class))) {
            HttpClient browser = login(server);
            try (SseClient stream = SseClient.open(browser, server.http("/realtime/sse?room=project:1"))) {
                PollClient poll = new PollClient(browser, server.http("/realtime/poll?room=project:1"));
                stream.expect("\"joined\"");
                poll.poll("0");
                CompletableFuture<PollClient.Answer> waiting = poll.pollAsync("25s");
                await().atMost(PATIENCE).until(() -> AuthenticationIntegrationTests.trackedConnections(server) == 2);
                get(browser, server, "/out");
                assertThat(stream.awaitEnd().expect("goaway")).contains("\"code\":4401");
                assertThat(waiting.get(10, TimeUnit.SECONDS).frames("goaway"))
                        .first()
                        .asString()
                        .contains("\"code\":4401");
            }
        }
    }

    @Test
    void aSendNeedsTheCsrfTokenWhereTheApplicationProtectsItsSessions() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(Users.class, Sessions.class, HttpProjects.class, SessionPages.class))) {
            HttpClient browser = login(server);
            String token = get(browser, server, "/csrf");
            assertThat(send(browser, server)).isEqualTo(403);
            assertThat(send(browser, server, "X-CSRF-TOKEN", "no such token")).isEqualTo(403);
            assertThat(send(browser, server, "X-CSRF-TOKEN", token)).isEqualTo(200);
        }
    }

    /** It has the handshake behind it and is no connection yet, but it holds a socket like one. */
    @Test
    void whoIsAskedForItsNameCountsAmongTheConnectionsOfTheServer() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(Users.class, Basic.class, HttpProjects.class, Patient.class),
                "realtime.connections.duplicate-policy=reject",
                "realtime.connections.max=2")) {
            try (RawWebSocket first = server.raw(basic("alice"));
                    RawWebSocket asked = server.raw(basic("alice"))) {
                assertThat(first.message()).contains("\"welcome\"");
                assertThat(asked.status()).isEqualTo(101);
                await().atMost(PATIENCE).until(() -> server.gauge("realtime.connections.entering") == 1);
                try (RawWebSocket third = server.raw(basic("bob"))) {
                    assertThat(third.status()).isEqualTo(503);
                    assertThat(third.header("Retry-After")).matches("[1-9][0-9]*");
                }
                for (String path : PATHS.subList(0, 2)) {
                    assertThat(raw(server, path, basic("bob")).status())
                            .as(path)
                            .isEqualTo(503);
                }
            }
            await().atMost(PATIENCE).until(() -> server.gauge("realtime.connections.entering") == 0);
            try (RawWebSocket third = server.raw(basic("bob"))) {
                assertThat(third.message()).contains("\"welcome\"");
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Patient {

        @Bean
        Places places(PlaceStore store, UserService users) {
            return new Places(store, "here", null, Duration.ofMinutes(2), users::superseded, (change, number) -> {});
        }
    }

    @Test
    void aUserHasSoManyConnectionsAndTheServerSoMany() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(Users.class, Basic.class, HttpProjects.class),
                "realtime.connections.per-user=2",
                "realtime.connections.max=3")) {
            List<SseClient> open = new ArrayList<>();
            for (String user : List.of("alice", "alice")) {
                open.add(SseClient.open(server.http("/realtime/sse?room=project:1"), basic(user)));
                open.get(open.size() - 1).expect("\"joined\"");
            }
            for (String path : PATHS.subList(0, 2)) {
                Raw refused = raw(server, path, basic("alice"));
                assertThat(refused.status()).as(path).isEqualTo(429);
                assertThat(refused.head()).contains("Retry-After: ", "application/problem+json");
            }
            open.add(SseClient.open(server.http("/realtime/sse?room=project:1"), basic("bob")));
            open.get(2).expect("\"joined\"");
            for (String path : PATHS.subList(0, 2)) {
                Raw refused = raw(server, path, basic("bob"));
                assertThat(refused.status()).as(path).isEqualTo(503);
                assertThat(refused.head()).contains("Retry-After: ");
            }
            for (SseClient client : open) {
                assertThat(client.isOpen()).isTrue();
                client.close();
            }
        }
    }

    @Test
    void noNameLeadsIntoAnotherTenant() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, Tenants.class))) {
            String position;
            try (SseClient acme = SseClient.open(server.http("/realtime/sse?room=project:1"), "X-Tenant: acme");
                    SseClient other = SseClient.open(server.http("/realtime/sse?room=project:1"), "X-Tenant: other")) {
                acme.expect("\"joined\"");
                other.expect("\"joined\"");
                HttpRequest send = HttpRequest.newBuilder(server.http("/realtime/send"))
                        .header("X-Tenant", "acme")
                        .header("Content-Type", "application/json")
                        .POST(
                                HttpRequest.BodyPublishers.ofString(
                                        "{\"type\":\"publish\",\"id\":1,\"room\":\"project:1\",\"event\":\"message.send\",\"data\":{\"text\":\"hi\"}}"))
                        .build();
                assertThat(HttpClient.newHttpClient()
                                .send(send, HttpResponse.BodyHandlers.ofString())
                                .statusCode())
                        .isEqualTo(200);
                acme.expect("\"hi\"");
                position = acme.lastEventId();
                assertThat(other.frames("event")).isEmpty();
            }
            // A cursor of another tenant is one that was never given.
            try (SseClient other = SseClient.open(
                    server.http("/realtime/sse?room=project:1"), "X-Tenant: other", "Last-Event-ID: " + position)) {
                assertThat(other.expect("\"joined\"")).contains("\"recovered\":false");
                assertThat(other.expect("\"gap\"")).contains("\"reason\":\"history\"");
            }
            for (String name : List.of(
                    "acme/room:project:1",
                    "..%2Fx",
                    "*",
                    "%5Ba%5D",
                    "%0d%0aid:%20x",
                    "a%CC%88",
                    "%E2%80%AEa",
                    "x".repeat(201))) {
                assertThat(status(server, "/realtime/sse?room=" + name, "X-Tenant: other"))
                        .as(name)
                        .isEqualTo(400);
                assertThat(status(server, "/realtime/poll?room=" + name, "X-Tenant: other"))
                        .as(name)
                        .isEqualTo(400);
            }
        }
    }

    static HttpClient login(RealtimeServer server) throws Exception {
        HttpClient browser =
                HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
        HttpRequest request = HttpRequest.newBuilder(server.http("/csrf"))
                .header("Authorization", basic("alice").substring(15))
                .build();
        assertThat(browser.send(request, HttpResponse.BodyHandlers.ofString()).statusCode())
                .isEqualTo(200);
        return browser;
    }

    static String get(HttpClient browser, RealtimeServer server, String path) throws Exception {
        return browser.send(HttpRequest.newBuilder(server.http(path)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    static int send(HttpClient browser, RealtimeServer server, String... header) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(server.http("/realtime/send"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(PUBLISH));
        if (header.length > 0) {
            request.header(header[0], header[1]);
        }
        return browser.send(request.build(), HttpResponse.BodyHandlers.ofString())
                .statusCode();
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletUsers.class, ReactiveUsers.class})
    static class Users {}

    private static UserDetails user(String name) {
        return User.withUsername(name).password("{noop}secret").roles("USER").build();
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletUsers {

        @Bean
        UserDetailsService users() {
            return new InMemoryUserDetailsManager(user("alice"), user("bob"));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveUsers {

        @Bean
        MapReactiveUserDetailsService users() {
            return new MapReactiveUserDetailsService(user("alice"), user("bob"));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletBasic.class, ReactiveBasic.class})
    static class Basic {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletBasic {

        @Bean
        SecurityFilterChain basic(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .httpBasic(Customizer.withDefaults())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveBasic {

        @Bean
        SecurityWebFilterChain basic(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.anyExchange().authenticated())
                    .httpBasic(Customizer.withDefaults())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    /** As an application with a login has it: the session knows the user, and CSRF protection is on. */
    @Configuration(proxyBeanMethods = false)
    @Import({ServletSessions.class, ReactiveSessions.class})
    static class Sessions {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletSessions {

        @Bean
        SecurityFilterChain sessions(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .httpBasic(basic -> basic.securityContextRepository(new HttpSessionSecurityContextRepository()))
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveSessions {

        @Bean
        SecurityWebFilterChain sessions(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.anyExchange().authenticated())
                    .httpBasic(
                            basic -> basic.securityContextRepository(new WebSessionServerSecurityContextRepository()))
                    .csrf(csrf -> csrf.csrfTokenRequestHandler(new ServerCsrfTokenRequestAttributeHandler()))
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletSessionPages.class, ReactiveSessionPages.class})
    static class SessionPages {}

    @RestController
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletSessionPages {

        @GetMapping("/csrf")
        String csrf(CsrfToken token, HttpServletRequest request) {
            request.getSession(true);
            return token.getToken();
        }

        @GetMapping("/out")
        String out(HttpServletRequest request) {
            request.getSession().invalidate();
            return "bye";
        }
    }

    @RestController
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveSessionPages {

        @GetMapping("/csrf")
        Mono<String> csrf(ServerWebExchange exchange, WebSession session) {
            session.start();
            Mono<org.springframework.security.web.server.csrf.CsrfToken> token = exchange.getRequiredAttribute(
                    org.springframework.security.web.server.csrf.CsrfToken.class.getName());
            return token.map(org.springframework.security.web.server.csrf.CsrfToken::getToken);
        }

        @GetMapping("/out")
        Mono<String> out(WebSession session) {
            return session.invalidate().thenReturn("bye");
        }

        @GetMapping("/forget")
        String forget(WebSession session) {
            session.getAttributes().remove("SPRING_SECURITY_CONTEXT");
            return "bye";
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Expiring {

        @Bean
        io.github.realtimespring.protocol.HandshakeCustomizer expiring() {
            return (handshake, request) -> new io.github.realtimespring.protocol.Handshake(
                    handshake.principal(),
                    handshake.identity(),
                    null,
                    "alice".equals(handshake.identity().user()) ? Instant.now().plusSeconds(2) : null);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Tenants {

        @Bean
        TenantResolver tenants() {
            return request -> request.header("X-Tenant");
        }
    }
}
