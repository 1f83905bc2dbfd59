package io.github.realtimespring.autoconfigure;

import org.springframework.boot.autoconfigure.condition.AnyNestedCondition;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;

/** Matches where a transport is enabled whose clients send by requests of their own. */
class OnHttpTransport extends AnyNestedCondition {

    OnHttpTransport() {
        super(ConfigurationPhase.REGISTER_BEAN);
    }

    @ConditionalOnBooleanProperty(name = "realtime.transports.sse.enabled", matchIfMissing = true)
    static class Sse {}

    @ConditionalOnBooleanProperty(name = "realtime.transports.long-poll.enabled", matchIfMissing = true)
    static class LongPoll {}
}
