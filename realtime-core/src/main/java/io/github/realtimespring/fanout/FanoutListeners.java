package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Several listeners as one. */
record FanoutListeners(List<FanoutListener> listeners) implements FanoutListener {

    @Override
    public Pass started(Event event, Origin origin) {
        return started(event, origin, Map.of());
    }

    @Override
    public Pass started(Event event, Origin origin, Map<String, String> trace) {
        Pass[] passes = new Pass[this.listeners.size()];
        for (int i = 0; i < passes.length; i++) {
            passes[i] = this.listeners.get(i).started(event, origin, trace);
        }
        return receipt -> {
            for (Pass pass : passes) {
                pass.finished(receipt);
            }
        };
    }

    @Override
    public void turn(long nanos) {
        for (FanoutListener listener : this.listeners) {
            listener.turn(nanos);
        }
    }

    @Override
    public void cleaned(int memberships) {
        for (FanoutListener listener : this.listeners) {
            listener.cleaned(memberships);
        }
    }

    @Override
    public Publishing publishing(Event event) {
        Publishing[] all = new Publishing[this.listeners.size()];
        Map<String, String> trace = Map.of();
        for (int i = 0; i < all.length; i++) {
            all[i] = this.listeners.get(i).publishing(event);
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
                one.answered(outcome);
            }
        }
    }
}
