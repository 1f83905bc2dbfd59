package io.github.realtimespring.webmvc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Connection;
import io.github.realtimespring.connection.ConnectionListener;
import io.github.realtimespring.connection.Identity;
import io.github.realtimespring.connection.QueueLimits;
import io.github.realtimespring.connection.ReplaySource;
import io.github.realtimespring.protocol.JsonFrames;
import jakarta.servlet.http.HttpSessionEvent;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.mock.web.MockHttpServletRequest;
import org.springframework.mock.web.MockHttpSession;
import tools.jackson.databind.json.JsonMapper;

class HttpSessionConnectionsTests {

    private final HttpSessionConnections sessions = new HttpSessionConnections();
    private final WebSocketThreads threads = new WebSocketThreads(1);

    @AfterEach
    void close() {
        this.threads.close();
    }

    private Connection connection() {
        return new Connection(
                ConnectionId.random(),
                Identity.user("alice"),
                new WebSocketTransport(new FakeSession().with(null), null, this.threads, reason -> {}),
                QueueLimits.DEFAULTS,
                new JsonFrames(JsonMapper.shared()),
                ReplaySource.none(),
                ConnectionListener.none(),
                Ticker.SYSTEM);
    }

    private static int closeCode(Connection connection) {
        assertThat(connection.closeReason()).isNotNull();
        return connection.closeReason().code();
    }

    private static MockHttpServletRequest requestOf(String user, String sessionId) {
        MockHttpServletRequest request = new MockHttpServletRequest();
        request.setUserPrincipal(() -> user);
        request.setRequestedSessionId(sessionId);
        return request;
    }

    @Test
    void theEndOfASessionEndsItsConnectionsAndNoOthers() {
        MockHttpSession session = new MockHttpSession();
        MockHttpSession other = new MockHttpSession();
        Connection one = connection();
        Connection two = connection();
        Connection three = connection();
        this.sessions.add(session, one);
        this.sessions.add(session, two);
        this.sessions.add(other, three).remove();
        this.sessions.add(other, three);
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));

        assertThat(closeCode(one)).isEqualTo(4401);
        assertThat(closeCode(two)).isEqualTo(4401);
        assertThat(three.isOpen()).isTrue();
        assertThat(this.sessions.size()).isEqualTo(1);
    }

    /** A container calls its listeners first: until it has called the last one, the session says that it is valid. */
    @Test
    void aConnectionThatComesWhileItsSessionEndsEndsToo() {
        MockHttpSession session = new MockHttpSession();
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));
        assertThat(session.isInvalid()).isFalse();
        Connection late = connection();
        this.sessions.add(session, late).remove();

        assertThat(closeCode(late)).isEqualTo(4401);
        assertThat(this.sessions.size()).isZero();
    }

    @Test
    void aSessionThatEndedLongAgoEndsWhatComesAfterIt() {
        MockHttpSession session = new MockHttpSession();
        session.invalidate();
        Connection late = connection();
        this.sessions.add(session, late).remove();

        assertThat(closeCode(late)).isEqualTo(4401);
        assertThat(this.sessions.size()).isZero();
    }

    @Test
    void aRequestWhoseSessionHasEndedSinceItWasLetInIsUnauthorized() {
        MockHttpSession session = new MockHttpSession();
        MockHttpServletRequest request = requestOf("alice", session.getId());
        request.setSession(session);
        assertThat(this.sessions.of(request)).isSameAs(session);
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));
        session.invalidate();

        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.sessions.of(request))
                .satisfies(refused -> assertThat(refused.code()).isEqualTo(ErrorCode.UNAUTHORIZED));
    }

    @Test
    void credentialsInTheRequestHoldWhateverSessionItsCookieNames() {
        MockHttpSession session = new MockHttpSession();
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));
        MockHttpServletRequest bearer = requestOf("alice", session.getId());
        bearer.addHeader("Authorization", "Bearer abc");

        assertThat(this.sessions.of(bearer)).isNull();
        assertThat(this.sessions.of(requestOf("alice", null))).isNull();
        assertThat(this.sessions.of(requestOf("alice", "of another node"))).isNull();
        MockHttpServletRequest anonymous = new MockHttpServletRequest();
        anonymous.setRequestedSessionId(session.getId());
        assertThat(this.sessions.of(anonymous)).isNull();
    }

    @Test
    void anIdThatIsUsedAgainIsANewSession() {
        MockHttpSession session = new MockHttpSession();
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));
        MockHttpSession again = new MockHttpSession(null, session.getId());
        this.sessions.sessionCreated(new HttpSessionEvent(again));
        Connection connection = connection();
        this.sessions.add(again, connection);

        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void connectionsFollowTheirSessionToItsNewId() {
        MockHttpSession session = new MockHttpSession();
        String before = session.getId();
        Connection connection = connection();
        this.sessions.add(session, connection);
        session.changeSessionId();
        this.sessions.sessionIdChanged(new HttpSessionEvent(session), before);
        this.sessions.sessionDestroyed(new HttpSessionEvent(session));

        assertThat(closeCode(connection)).isEqualTo(4401);
    }
}
