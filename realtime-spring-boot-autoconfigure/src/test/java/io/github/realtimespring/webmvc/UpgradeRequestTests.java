package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.protocol.Subprotocols;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;

/** What a container may read, and keep, of a handshake. */
class UpgradeRequestTests {

    private final MockHttpServletRequest handshake = handshake();

    private static MockHttpServletRequest handshake() {
        MockHttpServletRequest request = new MockHttpServletRequest("GET", "/realtime/ws");
        request.addHeader("Upgrade", "websocket");
        request.addHeader("Connection", "Upgrade");
        request.addHeader("Sec-WebSocket-Version", "13");
        request.addHeader("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
        request.addHeader("Sec-WebSocket-Protocol", "realtime.v1.json, realtime.bearer.c2VjcmV0");
        request.addHeader("Authorization", "Basic c2VjcmV0");
        request.addHeader("Cookie", "SESSION=secret");
        request.addParameter("token", "secret");
        request.setUserPrincipal(() -> "alice");
        request.getSession(true);
        return request;
    }

    @Test
    void aContainerThatListsHeadersFindsThoseOfTheHandshakeAndNoCredentials() {
        UpgradeRequest upgrade = new UpgradeRequest(this.handshake, Subprotocols.V1, true);
        assertThat(Collections.list(upgrade.getHeaderNames()))
                .containsExactly(
                        "Upgrade",
                        "Connection",
                        "Sec-WebSocket-Key",
                        "Sec-WebSocket-Version",
                        "Sec-WebSocket-Protocol");
        for (String name : Collections.list(upgrade.getHeaderNames())) {
            assertThat(Collections.list(upgrade.getHeaders(name)))
                    .as(name)
                    .noneMatch(value -> value.contains("c2VjcmV0") || value.contains("bearer"));
        }
        assertThat(upgrade.getUserPrincipal()).isNull();
        assertThat(upgrade.getSession(false)).isNull();
        assertThat(upgrade.getParameterMap()).isEmpty();
    }

    @Test
    void tokensAreNotAmongTheSubprotocols() {
        UpgradeRequest upgrade = new UpgradeRequest(this.handshake, Subprotocols.V1, false);
        assertThat(Collections.list(upgrade.getHeaders("sec-websocket-protocol")))
                .isEqualTo(List.of(Subprotocols.V1));
        assertThat(upgrade.getHeader("Sec-WebSocket-Protocol")).isEqualTo(Subprotocols.V1);
        UpgradeRequest none = new UpgradeRequest(this.handshake, "", true);
        assertThat(Collections.list(none.getHeaders("Sec-WebSocket-Protocol"))).isEmpty();
        assertThat(Collections.list(none.getHeaderNames())).doesNotContain("Sec-WebSocket-Protocol");
    }

    @Test
    void aContainerThatKeepsWhatItCanListFindsNothing() {
        UpgradeRequest upgrade = new UpgradeRequest(this.handshake, Subprotocols.V1, false);
        assertThat(upgrade.getHeaderNames().hasMoreElements()).isFalse();
        assertThat(upgrade.getHeader("Sec-WebSocket-Key")).isEqualTo("dGhlIHNhbXBsZSBub25jZQ==");
    }
}
