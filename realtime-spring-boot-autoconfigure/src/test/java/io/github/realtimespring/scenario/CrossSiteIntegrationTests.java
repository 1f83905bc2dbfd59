package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpMethod;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.context.WebSessionServerSecurityContextRepository;
import org.springframework.security.web.server.csrf.ServerCsrfTokenRequestAttributeHandler;

/** What Spring Security's users expect of requests that pages send, their own and those of others. */
@ServerTest
class CrossSiteIntegrationTests {

    private static final String APP = "https://app.example.com";
    private static final Map<String, String> PATHS = Map.of(
            "/realtime/send", "POST", "/realtime/sse?room=project:1", "GET", "/realtime/poll?room=project:1", "GET");

    private static RealtimeServer start(String... properties) {
        return RealtimeServer.start(
                List.of(
                        HttpSecurityIntegrationTests.Users.class,
                        HttpSecurityIntegrationTests.SessionPages.class,
                        AuthenticationIntegrationTests.Jwts.class,
                        Chain.class,
                        HttpProjects.class),
                properties);
    }

    @Test
    void aSendBySessionNeedsACsrfTokenAndOneByBearerTokenDoesNot() throws Exception {
        try (RealtimeServer server = start()) {
            HttpClient browser = HttpSecurityIntegrationTests.login(server);
            String csrf = HttpSecurityIntegrationTests.get(browser, server, "/csrf");
            assertThat(HttpSecurityIntegrationTests.send(browser, server)).isEqualTo(403);
            assertThat(HttpSecurityIntegrationTests.send(browser, server, "X-CSRF-TOKEN", csrf))
                    .isEqualTo(200);

            HttpClient other = HttpClient.newHttpClient();
            String token =
                    AuthenticationIntegrationTests.jwt("alice", Instant.now().plusSeconds(600));
            String late =
                    AuthenticationIntegrationTests.jwt("alice", Instant.now().minusSeconds(600));
            String forged = token.substring(0, token.length() - 3) + "AAA";
            assertThat(HttpSecurityIntegrationTests.send(other, server, "Authorization", "Bearer " + token))
                    .isEqualTo(200);
            for (String bad : List.of(late, forged, "nonsense")) {
                assertThat(HttpSecurityIntegrationTests.send(other, server, "Authorization", "Bearer " + bad))
                        .as(bad)
                        .isEqualTo(401);
            }
            assertThat(HttpSecurityIntegrationTests.send(other, server)).isIn(401, 403);
        }
    }

    @Test
    void aBrowserThatAsksFirstIsToldWhatAPageOfAnAllowedOriginMaySend() throws Exception {
        try (RealtimeServer server = start("realtime.websocket.allowed-origins=" + APP)) {
            for (Map.Entry<String, String> path : PATHS.entrySet()) {
                HttpResponse<String> answer = preflight(server, path.getKey(), path.getValue(), APP);
                HttpHeaders headers = answer.headers();
                assertThat(answer.statusCode()).as(path.getKey()).isEqualTo(200);
                assertThat(headers.firstValue("Access-Control-Allow-Origin"))
                        .as(path.getKey())
                        .hasValue(APP);
                assertThat(headers.firstValue("Access-Control-Allow-Credentials"))
                        .hasValue("true");
                assertThat(list(headers, "Access-Control-Allow-Methods"))
                        .contains(path.getValue().toLowerCase());
                assertThat(list(headers, "Access-Control-Allow-Headers"))
                        .contains("authorization", "content-type", "x-csrf-token", "last-event-id");
            }
            assertThat(server.connections().size()).isZero();
        }
    }

    @Test
    void pagesOfOtherOriginsMaySendNothing() throws Exception {
        try (RealtimeServer server = start("realtime.websocket.allowed-origins=" + APP);
                RealtimeServer closed = start()) {
            for (Map.Entry<String, String> path : PATHS.entrySet()) {
                for (String origin : List.of("https://evil.example", "null", APP + ".evil.example")) {
                    assertRefused(preflight(server, path.getKey(), path.getValue(), origin));
                }
                assertRefused(preflight(server, path.getKey(), "DELETE", APP));
                // Spring answers who is not configured at all with no permission, which is what a browser looks for.
                assertNotAllowed(preflight(closed, path.getKey(), path.getValue(), APP));
            }
        }
    }

    private static void assertRefused(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as("%s", answer).isEqualTo(403);
        assertNotAllowed(answer);
    }

    private static void assertNotAllowed(HttpResponse<String> answer) {
        assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
    }

    /** Without credentials, as the browser asks. */
    private static HttpResponse<String> preflight(RealtimeServer server, String path, String method, String origin)
            throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.http(path))
                .method("OPTIONS", HttpRequest.BodyPublishers.noBody())
                .header("Origin", origin)
                .header("Access-Control-Request-Method", method)
                .header("Access-Control-Request-Headers", "authorization,content-type,x-csrf-token,last-event-id")
                .build();
        return HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
    }

    private static List<String> list(HttpHeaders headers, String name) {
        return headers.allValues(name).stream()
                .flatMap(value -> Arrays.stream(value.split(",")))
                .map(value -> value.trim().toLowerCase(Locale.ROOT))
                .toList();
    }

    /** Logins with sessions and bearer tokens side by side; CSRF protection as Spring Security has it. */
    @Configuration(proxyBeanMethods = false)
    @Import({ServletChain.class, ReactiveChain.class})
    static class Chain {}

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletChain {

        @Bean
        SecurityFilterChain chain(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .cors(Customizer.withDefaults())
                    .httpBasic(basic -> basic.securityContextRepository(new HttpSessionSecurityContextRepository()))
                    .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
                    .build();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveChain {

        @Bean
        SecurityWebFilterChain chain(ServerHttpSecurity http) {
            return http.authorizeExchange(exchange -> exchange.pathMatchers(HttpMethod.OPTIONS, "/realtime/**")
                            .permitAll()
                            .anyExchange()
                            .authenticated())
                    .httpBasic(
                            basic -> basic.securityContextRepository(new WebSessionServerSecurityContextRepository()))
                    .oauth2ResourceServer(server -> server.jwt(Customizer.withDefaults()))
                    .csrf(csrf -> csrf.csrfTokenRequestHandler(new ServerCsrfTokenRequestAttributeHandler()))
                    .build();
        }
    }
}
