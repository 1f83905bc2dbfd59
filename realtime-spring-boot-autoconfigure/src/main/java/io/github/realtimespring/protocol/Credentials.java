package io.github.realtimespring.protocol;

import io.github.realtimespring.CloseReason;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Renews the credentials of sessions by {@code auth} frames (PROTOCOL, authentication). Thread-safe. */
final class Credentials {

    private static final Logger logger = LoggerFactory.getLogger(Credentials.class);

    private final @Nullable RealtimeTokenAuthenticator authenticator;
    private final JsonFrames frames;
    private final SessionListener listener;
    private final InstantSource clock;

    Credentials(
            @Nullable RealtimeTokenAuthenticator authenticator,
            JsonFrames frames,
            SessionListener listener,
            InstantSource clock) {
        this.authenticator = authenticator;
        this.frames = frames;
        this.listener = listener;
        this.clock = clock;
    }

    /** The work of an {@code auth} frame. */
    Mailbox.Item renewal(ProtocolSession session, ClientFrame.Auth frame, Answer answer) {
        return new Renewal(session, frame, answer);
    }

    private final class Renewal extends Mailbox.Item {

        private final ProtocolSession session;
        private final ClientFrame.Auth frame;
        private final Answer answer;

        Renewal(ProtocolSession session, ClientFrame.Auth frame, Answer answer) {
            this.session = session;
            this.frame = frame;
            this.answer = answer;
        }

        @Override
        CompletionStage<?> run() {
            RealtimeTokenAuthenticator authenticator = Credentials.this.authenticator;
            if (!this.answer.isOpen()) {
                return Stages.DONE;
            }
            if (authenticator == null) {
                this.answer.fail(null, ErrorCode.BAD_REQUEST, "tokens are not accepted here");
                return Stages.DONE;
            }
            CompletionStage<TokenAuthentication> authenticated;
            try {
                authenticated = authenticator.authenticate(this.frame.token());
            } catch (RuntimeException ex) {
                authenticated = CompletableFuture.failedFuture(ex);
            }
            return authenticated.handle((authentication, failure) -> {
                if (failure != null) {
                    refuse(Stages.unwrap(failure));
                } else {
                    renew(authentication);
                }
                return authentication;
            });
        }

        private void refuse(Throwable failure) {
            logger.debug(
                    "A token in an auth frame was refused: {}",
                    failure.getClass().getName());
            this.answer.fail(null, ErrorCode.UNAUTHORIZED, "the token is not valid");
        }

        private void renew(TokenAuthentication authentication) {
            Instant expiresAt = authentication.expiresAt();
            if (expiresAt != null && !expiresAt.isAfter(Credentials.this.clock.instant())) {
                this.answer.fail(null, ErrorCode.UNAUTHORIZED, "the token is not valid");
                return;
            }
            String user = this.session.connection().identity().user();
            if (!authentication.principal().getName().equals(user)) {
                this.answer.fail(
                        null, new RealtimeException(ErrorCode.UNAUTHORIZED, "the token belongs to another user"));
                this.session.connection().close(CloseReason.UNAUTHORIZED);
                return;
            }
            if (this.answer.claim()) {
                this.session.renew(authentication.principal(), expiresAt);
                Long id = this.answer.id();
                if (id != null) {
                    this.session.connection().send(Credentials.this.frames.ack(id, null, null, null));
                }
            }
        }

        @Override
        void timedOut() {
            Credentials.this.listener.timedOut(this.session.connection());
            this.answer.fail(null, ErrorCode.TIMEOUT, "the token could not be checked in time");
        }

        @Override
        void refused() {
            this.session.refuse(this.answer);
        }
    }
}
