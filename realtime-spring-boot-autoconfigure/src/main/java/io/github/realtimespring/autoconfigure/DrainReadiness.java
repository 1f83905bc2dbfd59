package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.protocol.DrainListener;
import org.springframework.boot.availability.AvailabilityChangeEvent;
import org.springframework.boot.availability.ReadinessState;
import org.springframework.context.ApplicationEventPublisher;

/** Takes the node out of the load balancer's sight while it drains, and back when the drain is called off. */
final class DrainReadiness implements DrainListener {

    private final ApplicationEventPublisher publisher;

    DrainReadiness(ApplicationEventPublisher publisher) {
        this.publisher = publisher;
    }

    @Override
    public void step(Drain.Step step, int remaining) {
        switch (step) {
            case REFUSING -> AvailabilityChangeEvent.publish(this.publisher, this, ReadinessState.REFUSING_TRAFFIC);
            case RESUMED -> AvailabilityChangeEvent.publish(this.publisher, this, ReadinessState.ACCEPTING_TRAFFIC);
            case ANNOUNCED, FLUSHING, DRAINED, DETACHED -> {}
        }
    }
}
