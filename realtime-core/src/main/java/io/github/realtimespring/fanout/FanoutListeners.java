package io.github.realtimespring.fanout;

import io.github.realtimespring.Event;
import io.github.realtimespring.backplane.BackplaneOutcome;
import java.util.List;

/** Several listeners as one. */
record FanoutListeners(List<FanoutListener> listeners) implements FanoutListener {

    @Override
    public Pass started(Event event, Origin origin) {
        Pass[] passes = new Pass[this.listeners.size()];
        for (int i = 0; i < passes.length; i++) {
            passes[i] = this.listeners.get(i).started(event, origin);
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
    public void published(Event event, BackplaneOutcome outcome, long nanos) {
        for (FanoutListener listener : this.listeners) {
            listener.published(event, outcome, nanos);
        }
    }
}
