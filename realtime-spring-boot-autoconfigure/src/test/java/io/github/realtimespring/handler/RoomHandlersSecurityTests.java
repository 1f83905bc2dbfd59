package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static io.github.realtimespring.handler.HandlerFixture.refusal;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomVariable;
import java.security.Principal;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.aop.support.AopUtils;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.access.prepost.PreAuthorize;
import org.springframework.security.authentication.AnonymousAuthenticationToken;
import org.springframework.security.authentication.TestingAuthenticationToken;
import org.springframework.security.config.annotation.method.configuration.EnableMethodSecurity;
import org.springframework.security.config.annotation.method.configuration.EnableReactiveMethodSecurity;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.annotation.AuthenticationPrincipal;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.ReactiveSecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import reactor.core.publisher.Mono;

class RoomHandlersSecurityTests {

    private @Nullable HandlerFixture fixture;

    private HandlerFixture start(Class<?>... classes) {
        this.fixture = new HandlerFixture(classes).start();
        return this.fixture;
    }

    @AfterEach
    void close() {
        if (this.fixture != null) {
            this.fixture.close();
        }
        SecurityContextHolder.clearContext();
    }

    private static Authentication user(String name, String... roles) {
        return new TestingAuthenticationToken(
                User.withUsername(name).password("x").roles(roles).build(),
                "x",
                AuthorityUtils.createAuthorityList(java.util.Arrays.stream(roles)
                        .map(role -> "ROLE_" + role)
                        .toList()));
    }

    @Configuration(proxyBeanMethods = false)
    @EnableMethodSecurity(proxyTargetClass = true)
    static class Enabled {}

    @RoomController("project:{projectId}")
    static class SecuredRoom {

        final AtomicInteger joins = new AtomicInteger();

        @RoomJoined
        @PreAuthorize("hasRole('USER') and #projectId != 13")
        String joined(@RoomVariable long projectId) {
            return "state of " + projectId + " " + this.joins.incrementAndGet();
        }

        int joins() {
            return this.joins.get();
        }

        @RoomEvent("delete")
        @PreAuthorize("hasRole('ADMIN')")
        String delete(Principal user) {
            return "deleted by " + user.getName();
        }

        @RoomEvent("who")
        String who(
                @AuthenticationPrincipal UserDetails details,
                @AuthenticationPrincipal(expression = "username.toUpperCase()") String upper,
                Authentication authentication) {
            return details.getUsername() + " " + upper + " "
                    + authentication.getAuthorities().size() + " "
                    + SecurityContextHolder.getContext().getAuthentication().getName();
        }

        @RoomEvent("reactive")
        Mono<String> reactive() {
            return ReactiveSecurityContextHolder.getContext()
                    .map(context -> context.getAuthentication().getName());
        }
    }

    @Test
    void methodSecurityDecidesOnTheProxyOfAHandler() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);
        assertThat(AopUtils.isCglibProxy(app.context.getBean(SecuredRoom.class)))
                .isTrue();

        assertThat(await(app.connect(user("root", "ADMIN"), null).publish("project:1", "delete", null))
                        .data())
                .isEqualTo("deleted by root");
        assertThat(refusal(app.connect(user("alice", "USER"), null).publish("project:1", "delete", null))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
    }

    @Test
    void securityOfTheJoinedMethodDecidesBeforeThereIsAMembership() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);
        SecuredRoom room = app.context.getBean(SecuredRoom.class);

        await(app.handlers().authorize(app.connect(user("alice", "USER"), null).call("project:1")));
        assertThat(refusal(app.handlers()
                                .authorize(app.connect(user("bob"), null).call("project:1")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(refusal(app.handlers()
                                .authorize(
                                        app.connect(user("alice", "USER"), null).call("project:13")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
        assertThat(room.joins()).isZero();

        assertThat(await(app.handlers()
                        .joined(app.connect(user("alice", "USER"), null).call("project:1"))))
                .isEqualTo("state of 1 1");
    }

    @Test
    void withoutCredentialsTheAnswerIsUnauthorized() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);

        assertThat(refusal(app.handlers()
                                .authorize(app.connect((Principal) null, null).call("project:1")))
                        .code())
                .isEqualTo(ErrorCode.UNAUTHORIZED);
    }

    @Test
    void anAnonymousAuthenticationIsForbidden() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);
        Authentication anonymous = new AnonymousAuthenticationToken(
                "key", "anonymous", AuthorityUtils.createAuthorityList("ROLE_ANONYMOUS"));

        assertThat(refusal(app.handlers().authorize(app.connect(anonymous, null).call("project:1")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
    }

    @Test
    void thePrincipalArrivesInEveryForm() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);

        assertThat(await(app.connect(user("alice", "USER"), null).publish("project:1", "who", null))
                        .data())
                .isEqualTo("alice ALICE 1 alice");
        assertThat(await(app.connect(user("alice"), null).publish("project:1", "reactive", null))
                        .data())
                .isEqualTo("alice");
    }

    @Test
    void aPayloadNeverTakesThePlaceOfAPrincipal() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);

        assertThat(refusal(app.connect((Principal) null, null)
                                .publish("project:1", "who", java.util.Map.of("username", "root")))
                        .code())
                .isEqualTo(ErrorCode.UNAUTHORIZED);
    }

    @Test
    void theContextOfTheThreadIsRestoredAndNotInherited() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);
        Authentication mine = user("thread", "ADMIN");
        SecurityContextHolder.getContext().setAuthentication(mine);

        assertThat(refusal(app.connect(new HandlerFixture.User("plain"), null).publish("project:1", "delete", null))
                        .code())
                .isEqualTo(ErrorCode.UNAUTHORIZED);
        assertThat(SecurityContextHolder.getContext().getAuthentication()).isSameAs(mine);
    }

    @Test
    void renewedCredentialsCountFromTheNextCall() {
        HandlerFixture app = start(Enabled.class, SecuredRoom.class);
        HandlerFixture.Client alice = app.connect(user("alice"), null);

        assertThat(refusal(alice.publish("project:1", "delete", null)).code()).isEqualTo(ErrorCode.FORBIDDEN);
        alice.connection.renew(user("alice", "ADMIN"));
        assertThat(await(alice.publish("project:1", "delete", null)).data()).isEqualTo("deleted by alice");
    }

    @RoomController("vault:{id}")
    static class SecuredAccess {
        @RoomAccess
        @PreAuthorize("hasRole('ADMIN')")
        void mayEnter() {}
    }

    @Test
    void securityOnTheAccessMethodIsARule() {
        HandlerFixture app = start(Enabled.class, SecuredAccess.class);

        await(app.handlers().authorize(app.connect(user("root", "ADMIN"), null).call("vault:1")));
        assertThat(refusal(app.handlers()
                                .authorize(app.connect(user("alice"), null).call("vault:1")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
    }

    @Configuration(proxyBeanMethods = false)
    @EnableReactiveMethodSecurity
    static class ReactiveEnabled {}

    @RoomController("reactive:{id}")
    static class ReactiveRoom {
        @RoomJoined
        @PreAuthorize("hasRole('USER')")
        Mono<String> joined(@RoomVariable String id) {
            return Mono.just(id);
        }
    }

    @Test
    void reactiveMethodSecurityDecidesToo() {
        HandlerFixture app = start(ReactiveEnabled.class, ReactiveRoom.class);

        await(app.handlers().authorize(app.connect(user("alice", "USER"), null).call("reactive:1")));
        assertThat(await(app.handlers()
                        .joined(app.connect(user("alice", "USER"), null).call("reactive:1"))))
                .isEqualTo("1");
        assertThat(refusal(app.handlers()
                                .authorize(app.connect(user("bob"), null).call("reactive:1")))
                        .code())
                .isEqualTo(ErrorCode.FORBIDDEN);
    }
}
