package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.protocol.HandshakeCustomizer;
import jakarta.servlet.Filter;
import jakarta.servlet.http.HttpServletRequest;
import java.net.CookieManager;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.boot.web.servlet.FilterRegistrationBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.core.annotation.Order;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/**
 * Requests that a session has authenticated, and that are still on their way to their handler while the session ends:
 * nothing would end them any more if they went on.
 */
@ServerTest
class LogoutIntegrationTests {

    private static final List<String> PATHS =
            List.of("/realtime/poll?room=project:1&wait=20s", "/realtime/sse?room=project:1");

    /** How far a request has come. */
    enum Place {
        /** The application's security has let it in. */
        FILTER,
        /** Its handler asks the application who it is. */
        HANDSHAKE
    }

    @ParameterizedTest
    @EnumSource
    void whatIsUnderWayWhenItsSessionEndsIsRefusedOrEndsAtOnce(Place place) throws Exception {
        try (RealtimeServer server = RealtimeServer.start(List.of(
                HttpSecurityIntegrationTests.Users.class,
                HttpSecurityIntegrationTests.Sessions.class,
                HttpSecurityIntegrationTests.SessionPages.class,
                HttpProjects.class,
                Holding.class))) {
            for (String path : PATHS) {
                HttpClient browser = HttpSecurityIntegrationTests.login(server);
                assertEnds(server, browser, path, place, "/out");
            }
            if (place == Place.HANDSHAKE && TestServer.current() == TestServer.NETTY) {
                // What Spring Security does by default there: the session lives on and forgets who it was.
                for (String path : PATHS) {
                    HttpClient browser = HttpSecurityIntegrationTests.login(server);
                    assertEnds(server, browser, path, place, "/forget");
                }
            }
        }
    }

    private static void assertEnds(RealtimeServer server, HttpClient browser, String path, Place place, String logout)
            throws Exception {
        Hold hold = server.bean(Holder.class).hold(place);
        CompletableFuture<HttpResponse<String>> request = browser.sendAsync(
                HttpRequest.newBuilder(server.http(path)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(hold.arrived.await(30, TimeUnit.SECONDS)).as(path).isTrue();
        HttpResponse<String> out = other(browser)
                .send(HttpRequest.newBuilder(server.http(logout)).build(), HttpResponse.BodyHandlers.ofString());
        assertThat(out.statusCode()).isEqualTo(200);
        assertThat(request).as("%s is under way", path).isNotDone();
        hold.released.countDown();

        HttpResponse<String> answer = request.get(10, TimeUnit.SECONDS);
        if (answer.statusCode() == 200) {
            assertThat(answer.body()).as(path).contains("\"goaway\"", "\"code\":4401");
        } else {
            assertThat(answer.statusCode()).as(path).isEqualTo(401);
        }
        await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
            assertThat(server.connections().size()).isZero();
            assertThat(AuthenticationIntegrationTests.trackedConnections(server))
                    .isZero();
        });
    }

    /** The same cookies on another connection. */
    private static HttpClient other(HttpClient browser) {
        CookieManager cookies = (CookieManager) browser.cookieHandler().orElseThrow();
        return HttpClient.newBuilder().cookieHandler(cookies).build();
    }

    /** One request that is held up. */
    private static final class Hold {

        private final CountDownLatch arrived = new CountDownLatch(1);
        private final CountDownLatch released = new CountDownLatch(1);
    }

    static final class Holder {

        private volatile Place place;
        private volatile Hold hold;

        private Hold hold(Place place) {
            this.hold = new Hold();
            this.place = place;
            return this.hold;
        }

        boolean holds(Place place, String path) {
            return place == this.place
                    && this.hold.arrived.getCount() > 0
                    && (path.endsWith("/poll") || path.endsWith("/sse"));
        }

        void pass(Place place, String path) {
            if (!holds(place, path)) {
                return;
            }
            Hold hold = this.hold;
            hold.arrived.countDown();
            try {
                assertThat(hold.released.await(30, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException ex) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Configuration(proxyBeanMethods = false)
    @Import({ServletHolding.class, ReactiveHolding.class})
    static class Holding {

        @Bean
        Holder holder() {
            return new Holder();
        }

        @Bean
        HandshakeCustomizer held(Holder holder) {
            return (handshake, request) -> {
                holder.pass(Place.HANDSHAKE, request.uri().getPath());
                return handshake;
            };
        }
    }

    /** Behind the filters of Spring Security, whose order is -100. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletHolding {

        @Bean
        FilterRegistrationBean<Filter> heldFilter(Holder holder) {
            FilterRegistrationBean<Filter> filter = new FilterRegistrationBean<>((request, response, chain) -> {
                holder.pass(Place.FILTER, ((HttpServletRequest) request).getRequestURI());
                chain.doFilter(request, response);
            });
            filter.setAsyncSupported(true);
            filter.setOrder(0);
            return filter;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveHolding {

        @Bean
        @Order(0)
        WebFilter heldFilter(Holder holder) {
            return (exchange, chain) -> {
                String path = exchange.getRequest().getPath().value();
                return holder.holds(Place.FILTER, path)
                        ? Mono.fromRunnable(() -> holder.pass(Place.FILTER, path))
                                .subscribeOn(Schedulers.boundedElastic())
                                .then(Mono.defer(() -> chain.filter(exchange)))
                        : chain.filter(exchange);
            };
        }
    }
}
