package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.jwk.source.ImmutableSecret;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import io.github.realtimespring.protocol.TokenAuthentication;
import jakarta.servlet.http.HttpServletRequest;
import java.net.CookieManager;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.Principal;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
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
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.JwsHeader;
import org.springframework.security.oauth2.jwt.JwtClaimsSet;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.JwtEncoderParameters;
import org.springframework.security.oauth2.jwt.JwtValidators;
import org.springframework.security.oauth2.jwt.NimbusJwtDecoder;
import org.springframework.security.oauth2.jwt.NimbusJwtEncoder;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.context.WebSessionServerSecurityContextRepository;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.WebSession;
import reactor.core.publisher.Mono;

@ServerTest
@ExtendWith(OutputCaptureExtension.class)
class AuthenticationIntegrationTests {

    private static final SecretKeySpec KEY =
            new SecretKeySpec("0123456789abcdef0123456789abcdef".getBytes(StandardCharsets.US_ASCII), "HmacSHA256");

    static String jwt(String subject, Instant expiresAt) {
        return jwt(KEY, subject, expiresAt);
    }

    private static String jwt(SecretKeySpec key, String subject, Instant expiresAt) {
        JwtClaimsSet.Builder claims = JwtClaimsSet.builder()
                .subject(subject)
                .issuedAt(expiresAt.minusSeconds(3600))
                .expiresAt(expiresAt);
        return new NimbusJwtEncoder(new ImmutableSecret<>(key))
                .encode(JwtEncoderParameters.from(
                        JwsHeader.with(MacAlgorithm.HS256).build(), claims.build()))
                .getTokenValue();
    }

    private static String offer(String token) {
        return "Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(token.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void basicCredentialsNameTheUserAndTheirAbsenceIsUnauthorized() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(Secured.class))) {
            try (RawWebSocket client = server.raw()) {
                assertThat(client.status()).isIn(302, 401, 403);
            }
            try (RawWebSocket client = server.raw("Authorization: Basic " + basic("alice", "wrong"))) {
                assertThat(client.status()).isEqualTo(401);
            }
            try (RawWebSocket client = server.raw("Authorization: Basic " + basic("alice", "secret"))) {
                assertThat(client.status()).isEqualTo(101);
                assertThat(client.message()).contains("\"user\":\"alice\"");
                assertThat(server.connection().identity().user()).isEqualTo("alice");
            }
        }
    }

    @Test
    void anonymousClientsConnectWhereTheApplicationLetsThem() throws Exception {
        try (RealtimeServer server = RealtimeServer.start();
                RawWebSocket client = server.raw()) {
            assertThat(client.message()).contains("\"welcome\"").doesNotContain("\"user\"");
            assertThat(server.connection().identity().user()).isNull();
        }
    }

    @Test
    void logoutEndsTheConnectionsOfTheSessionAndNoOthers() throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(Secured.class, ServletPages.class, ReactivePages.class))) {
            HttpClient alice = login(server, "alice");
            HttpClient bob = login(server, "bob");
            try (TestClient one = TestClient.connect(alice, server.ws());
                    TestClient two = TestClient.connect(alice, server.ws());
                    TestClient other = TestClient.connect(bob, server.ws())) {
                one.expect("\"user\":\"alice\"");
                two.expect("\"user\":\"alice\"");
                other.expect("\"user\":\"bob\"");
                assertThat(tracked(server)).isPositive();
                get(alice, server, "/changed");
                assertThat(get(alice, server, "/out")).isEqualTo("bye");
                assertThat(one.closeCode()).isEqualTo(4401);
                assertThat(two.closeCode()).isEqualTo(4401);
                assertThat(get(bob, server, "/me")).isEqualTo("bob");
                assertThat(other.closed()).isFalse();
                other.closeWith(1000);
                other.closeCode();
            }
            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(tracked(server)).isZero());
        }
    }

    @Test
    void aBearerTokenOfferedAsSubprotocolNamesTheUser(CapturedOutput output) throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, Jwts.class),
                "logging.level.io.github.realtimespring=trace")) {
            String token = jwt("alice", Instant.now().plusSeconds(600));
            try (TestClient client = server.client(offer(token))) {
                assertThat(client.subprotocol()).isEqualTo("realtime.v1.json");
                client.expect("\"user\":\"alice\"");
            }
            assertThat(output.getAll()).doesNotContain(token).doesNotContain(offer(token));
        }
    }

    @Test
    void tokensThatAreExpiredForgedOrUnreadableAreClosedWith4401() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Jwts.class))) {
            String good = jwt("alice", Instant.now().plusSeconds(600));
            SecretKeySpec otherKey =
                    new SecretKeySpec("f".repeat(32).getBytes(StandardCharsets.US_ASCII), "HmacSHA256");
            List<String> offers = List.of(
                    offer(jwt("alice", Instant.now().minusSeconds(600))),
                    offer(jwt(otherKey, "alice", Instant.now().plusSeconds(600))),
                    offer(good.substring(0, good.length() - 3) + "AAA"),
                    offer("not a token"),
                    "Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer.",
                    "Sec-WebSocket-Protocol: realtime.v1.json, realtime.bearer.!!!",
                    offer(good) + ", realtime.bearer.YQ");
            for (String offer : offers) {
                try (RawWebSocket client = server.raw(offer)) {
                    assertThat(client.status()).as(offer).isEqualTo(101);
                    assertThat(client.header("Sec-WebSocket-Protocol")).isEqualTo("realtime.v1.json");
                    assertThat(client.closeCode()).as(offer).isEqualTo(4401);
                }
            }
            assertThat(server.connections().size()).isZero();
            await().atMost(Duration.ofSeconds(60)).until(() -> server.sockets() == 0);
        }
    }

    @Test
    void aConnectionEndsWithItsToken() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, Jwts.class))) {
            try (TestClient lasting =
                            server.client(offer(jwt("bob", Instant.now().plusSeconds(600))));
                    TestClient client =
                            server.client(offer(jwt("alice", Instant.now().plusSeconds(3))))) {
                assertThat(client.closeCode()).isEqualTo(4401);
                assertThat(lasting.closed()).isFalse();
            }
        }
    }

    @Test
    void aBearerTokenInTheHeaderExpiresToo() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(ResourceServer.class, Jwts.class))) {
            try (RawWebSocket client = server.raw(
                    "Authorization: Bearer " + jwt("alice", Instant.now().plusSeconds(3)))) {
                assertThat(client.message()).contains("\"user\":\"alice\"");
                assertThat(client.closeCode()).isEqualTo(4401);
            }
            try (RawWebSocket client = server.raw(
                    "Authorization: Bearer " + jwt("alice", Instant.now().minusSeconds(600)))) {
                assertThat(client.status()).isEqualTo(401);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"away", "throws", "never valid"})
    void whatTheAuthenticatorSaysDecidesTheCloseCode(String token) throws Exception {
        try (RealtimeServer server =
                RealtimeServer.start(List.of(RealtimeServer.OpenSecurity.class, FakeTokens.class))) {
            try (RawWebSocket client = server.raw(offer(token))) {
                assertThat(client.closeCode()).isEqualTo(token.equals("away") ? 1011 : 4401);
            }
        }
    }

    @Test
    void tokensAreNoOffersWhereTheyAreTurnedOff() throws Exception {
        try (RealtimeServer server = RealtimeServer.start(
                List.of(RealtimeServer.OpenSecurity.class, FakeTokens.class),
                "realtime.websocket.bearer-subprotocol=false")) {
            try (RawWebSocket client = server.raw(offer("alice"))) {
                assertThat(client.message()).doesNotContain("\"user\"");
            }
        }
    }

    /** Connections that end with a session. */
    static int trackedConnections(RealtimeServer server) {
        return TestServer.current() == TestServer.NETTY
                ? io.github.realtimespring.webflux.TrackedSessions.of(server)
                : io.github.realtimespring.webmvc.TrackedSessions.connections(server);
    }

    static int tracked(RealtimeServer server) {
        return TestServer.current() == TestServer.NETTY
                ? io.github.realtimespring.webflux.TrackedSessions.of(server)
                : io.github.realtimespring.webmvc.TrackedSessions.of(server);
    }

    private static String basic(String user, String password) {
        return Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /** A client whose cookies know the user. */
    private static HttpClient login(RealtimeServer server, String user) throws Exception {
        HttpClient client =
                HttpClient.newBuilder().cookieHandler(new CookieManager()).build();
        HttpRequest request = HttpRequest.newBuilder(server.http("/me"))
                .header("Authorization", "Basic " + basic(user, "secret"))
                .build();
        assertThat(client.send(request, HttpResponse.BodyHandlers.ofString()).body())
                .isEqualTo(user);
        return client;
    }

    private static String get(HttpClient client, RealtimeServer server, String path) throws Exception {
        return client.send(HttpRequest.newBuilder(server.http(path)).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Configuration(proxyBeanMethods = false)
    @Import({SecuredServlet.class, SecuredReactive.class})
    static class Secured {}

    private static UserDetails user(String name) {
        return User.withUsername(name).password("{noop}secret").roles("USER").build();
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class SecuredServlet {

        @Bean
        UserDetailsService users() {
            return new InMemoryUserDetailsManager(user("alice"), user("bob"));
        }

        @Bean
        SecurityFilterChain secured(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .httpBasic(basic -> basic.securityContextRepository(
                            new org.springframework.security.web.context.HttpSessionSecurityContextRepository()))
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class SecuredReactive {

        @Bean
        MapReactiveUserDetailsService users() {
            return new MapReactiveUserDetailsService(user("alice"), user("bob"));
        }

        @Bean
        SecurityWebFilterChain secured(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.anyExchange().authenticated())
                    .httpBasic(
                            basic -> basic.securityContextRepository(new WebSessionServerSecurityContextRepository()))
                    .csrf(csrf -> csrf.disable())
                    .build();
        }
    }

    @RestController
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletPages {

        @GetMapping("/me")
        String me(HttpServletRequest request) {
            request.getSession(true);
            return request.getUserPrincipal().getName();
        }

        @GetMapping("/changed")
        String changed(HttpServletRequest request) {
            return request.changeSessionId();
        }

        @GetMapping("/out")
        String out(HttpServletRequest request) {
            request.getSession().invalidate();
            return "bye";
        }
    }

    @RestController
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactivePages {

        @GetMapping("/me")
        String me(Principal user, WebSession session) {
            session.start();
            return user.getName();
        }

        @GetMapping("/changed")
        Mono<String> changed(WebSession session) {
            return session.changeSessionId().thenReturn(session.getId());
        }

        @GetMapping("/out")
        Mono<String> out(WebSession session) {
            return session.invalidate().thenReturn("bye");
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletJwts.class, ReactiveJwts.class})
    static class Jwts {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveJwts {

        @Bean
        ReactiveJwtDecoder decoder() {
            NimbusReactiveJwtDecoder decoder =
                    NimbusReactiveJwtDecoder.withSecretKey(KEY).build();
            decoder.setJwtValidator(JwtValidators.createDefault());
            return decoder;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletJwts {

        @Bean
        JwtDecoder decoder() {
            NimbusJwtDecoder decoder = NimbusJwtDecoder.withSecretKey(KEY).build();
            decoder.setJwtValidator(JwtValidators.createDefault());
            return decoder;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletResourceServer.class, ReactiveResourceServer.class})
    static class ResourceServer {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletResourceServer {

        @Bean
        SecurityFilterChain resourceServer(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveResourceServer {

        @Bean
        SecurityWebFilterChain resourceServer(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.anyExchange().authenticated())
                    .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class FakeTokens {

        @Bean
        RealtimeTokenAuthenticator tokens() {
            return token -> switch (token) {
                case "alice" ->
                    CompletableFuture.completedFuture(new TokenAuthentication(() -> "alice", null, Map.of()));
                case "away" ->
                    CompletableFuture.failedFuture(
                            new RealtimeException(ErrorCode.UNAVAILABLE, "the identity provider is away"));
                case "throws" -> throw new IllegalStateException("secret detail");
                default ->
                    CompletableFuture.failedFuture(new RealtimeException(ErrorCode.UNAUTHORIZED, "no such token"));
            };
        }
    }
}
