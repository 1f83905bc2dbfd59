package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.github.realtimespring.test.ClientLogin;
import io.github.realtimespring.test.ClientTransport;
import io.github.realtimespring.test.ConnectFailedError;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import java.io.IOException;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.web.server.LocalServerPort;
import org.springframework.test.context.bean.override.mockito.MockitoBean;

/** A tester that knows the URL of a server and nothing else of it. */
@SpringBootTest(
        webEnvironment = SpringBootTest.WebEnvironment.RANDOM_PORT,
        properties = "spring.security.user.password=demo")
class BoundTesterIntegrationTests {

    @LocalServerPort
    int port;

    @MockitoBean
    ProjectService projects;

    RealtimeTester realtime;

    @BeforeEach
    void bind() {
        // region bind
        RealtimeTester realtime = RealtimeTester.bindToServer("http://localhost:" + this.port)
                .users(user -> ClientLogin.basic(user, "demo"))
                .timeout(Duration.ofSeconds(20))
                .build();
        // endregion
        this.realtime = realtime;
    }

    @AfterEach
    void disconnect() {
        this.realtime.disconnectAll();
    }

    private RealtimeTester.Builder server() {
        return RealtimeTester.bindToServer("http://localhost:" + this.port);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void usersLogInByTheirPasswordOrTheForm(ClientTransport transport) {
        RealtimeTester tester = this.realtime.over(transport);
        RealtimeTestClient basic = tester.connectAs("user");
        RealtimeTestClient form = tester.connect(ClientLogin.form("user", "demo"));
        basic.join("other:1").assertJoined();
        form.join("other:1").assertJoined();

        // A request by password alone has no token against forged ones, and Spring Security asks for it.
        form.publish("echo", "one").assertAcked();
        form.publish("echo", "two").assertAcked();

        for (RealtimeTestClient client : new RealtimeTestClient[] {basic, form}) {
            client.expectEvent("echoed", String.class).isEqualTo("user: one");
            client.expectEvent("echoed", String.class).isEqualTo("user: two");
            client.expectNoMoreEvents();
        }
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void aClientThatIsRefusedSaysByWhat(ClientTransport transport) {
        RealtimeTester tester = this.realtime.over(transport);

        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(tester::connect)
                .withMessageContaining("could not connect to ")
                .withMessageContaining("localhost:" + this.port + "/realtime/")
                .withMessageContaining(": the answer was 401")
                .satisfies(refused -> assertThat(refused.status()).isEqualTo(401));
        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> tester.connect(ClientLogin.basic("user", "wrong")))
                .satisfies(refused -> assertThat(refused.status()).isEqualTo(401));
        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> tester.connect(ClientLogin.bearer("unknown")))
                .satisfies(refused -> assertThat(refused.status()).isEqualTo(401));
        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> tester.connect(ClientLogin.cookie("JSESSIONID", "unknown")))
                .satisfies(refused -> assertThat(refused.status()).isEqualTo(401));
    }

    @Test
    void aForeignOriginIsForbidden() {
        RealtimeTester tester = server().header("Origin", "https://elsewhere.example")
                .users(user -> ClientLogin.basic(user, "demo"))
                .build();

        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> tester.connectAs("user"))
                .withMessageContaining(": the answer was 403");
    }

    @Test
    void aWrongPasswordInTheFormIsShown() {
        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> this.realtime.connect(ClientLogin.form("user", "wrong")))
                .withMessageContaining(
                        "user could not log in at http://localhost:" + this.port + "/login: the answer was")
                .withMessageContaining("error");
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "EMBEDDED")
    void aWrongAddressIsShown(ClientTransport transport) throws IOException {
        RealtimeTester elsewhere = server().basePath("/elsewhere")
                .transport(transport)
                .users(user -> ClientLogin.basic(user, "demo"))
                .timeout(Duration.ofSeconds(4))
                .build();
        int free;
        try (ServerSocket socket = new ServerSocket(0)) {
            free = socket.getLocalPort();
        }
        RealtimeTester nobody = RealtimeTester.bindToServer("http://localhost:" + free)
                .transport(transport)
                .build();

        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(() -> elsewhere.connectAs("user"))
                .withMessageContaining("/elsewhere/")
                .withMessageContaining(": the answer was 404");
        assertThatExceptionOfType(ConnectFailedError.class)
                .isThrownBy(nobody::connect)
                .withMessageContaining("could not connect to ")
                .withMessageContaining("localhost:" + free + "/realtime/")
                .withMessageContaining("ConnectException")
                .satisfies(refused -> assertThat(refused.status()).isZero());
    }

    @Test
    void whatIsNoUrlOfAServerIsRefused() {
        for (String url : new String[] {"localhost:8080", "ws://localhost", "http:", "http://localhost/?a=b"}) {
            assertThatIllegalArgumentException()
                    .as(url)
                    .isThrownBy(() -> RealtimeTester.bindToServer(url).build());
        }
    }

    @Test
    void whatOnlyTheApplicationCanGiveIsRefused() {
        assertThatIllegalStateException()
                .isThrownBy(() -> server().build().connectAs("alice"))
                .withMessageContaining("how 'alice' logs in at this server is not known");
        assertThatIllegalStateException()
                .isThrownBy(() -> this.realtime.connectAs("alice", "ADMIN"))
                .withMessageContaining("the roles of 'alice' are those that the server gives");
        assertThatIllegalStateException().isThrownBy(() -> this.realtime.connectAs(() -> "alice"));
        assertThatIllegalStateException()
                .isThrownBy(() -> this.realtime.over(ClientTransport.EMBEDDED).connectAs("user"));
    }
}
