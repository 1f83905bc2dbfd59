package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Several listeners as one. What one of them throws is logged, and keeps neither an event from its members nor others from
 * hearing.
 */
record FanoutListeners(List<FanoutListener> listeners) implements FanoutListener {

    private static final Logger logger = LoggerFactory.getLogger(FanoutListeners.class);

    private static final Pass DEAF_PASS = receipt -> {};
    private static final Publishing DEAF_PUBLISHING = outcome -> {};

    private static void tell(Runnable telling) {
        try {
            telling.run();
        } catch (RuntimeException ex) {
            logger.warn("A listener of the fanout failed", ex);
        }
    }

    private static <T> T ask(Supplier<T> asking, T otherwise) {
        try {
            return asking.get();
        } catch (RuntimeException ex) {
            logger.warn("A listener of the fanout failed", ex);
            return otherwise;
        }
    }

    @Override
    public Pass started(Event event, Origin origin) {
        return started(event, origin, Map.of());
    }

    @Override
    public Pass started(Event event, Origin origin, Map<String, String> trace) {
        Pass[] passes = new Pass[this.listeners.size()];
        for (int i = 0; i < passes.length; i++) {
            FanoutListener listener = this.listeners.get(i);
            passes[i] = ask(() -> listener.started(event, origin, trace), DEAF_PASS);
        }
        return receipt -> {
            for (Pass pass : passes) {
                tell(() -> pass.finished(receipt));
            }
        };
    }

    @Override
    public void turn(long nanos) {
        for (FanoutListener listener : this.listeners) {
            tell(() -> listener.turn(nanos));
        }
    }

    @Override
    public void cleaned(int memberships) {
        for (FanoutListener listener : this.listeners) {
            tell(() -> listener.cleaned(memberships));
        }
    }

    @Override
    public Publishing publishing(Event event) {
        Publishing[] all = new Publishing[this.listeners.size()];
        Map<String, String> trace = Map.of();
        for (int i = 0; i < all.length; i++) {
            FanoutListener listener = this.listeners.get(i);
            all[i] = ask(() -> listener.publishing(event), DEAF_PUBLISHING);
            Map<String, String> one = all[i].trace();
            if (!one.isEmpty()) {
                trace = trace.isEmpty() ? one : both(trace, one);
            }
        }
        return new All(all, trace);
    }

    private static Map<String, String> both(Map<String, String> one, Map<String, String> other) {
        Map<String, String> both = new HashMap<>(one);
        both.putAll(other);
        return both;
    }

    private record All(Publishing[] all, Map<String, String> trace) implements Publishing {

        @Override
        public void answered(BackplaneOutcome outcome) {
            for (Publishing one : this.all) {
                tell(() -> one.answered(outcome));
            }
        }
    }
}
