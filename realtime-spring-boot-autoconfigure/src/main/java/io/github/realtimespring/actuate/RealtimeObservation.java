package io.github.realtimespring.actuate;

import io.micrometer.common.docs.KeyName;
import io.micrometer.observation.docs.ObservationDocumentation;

/**
 * Every observation (SPEC §14). Their timers are in {@link RealtimeMeter} under the same names.
 *
 * @since 0.1.0
 */
public enum RealtimeObservation implements ObservationDocumentation {
    /** A join, from the frame to the answer. */
    JOIN("realtime.joins", "realtime join", RealtimeMeter.JOINS),
    /** A handler method. */
    HANDLER("realtime.handler", "realtime handler", RealtimeMeter.HANDLER),
    /** A pass over the members of a key on this node; nothing is observed per recipient. */
    FANOUT("realtime.fanout", "realtime fanout", RealtimeMeter.FANOUT),
    /**
     * A publish to the backplane, until it has answered: a {@code SenderContext}, whose carrier travels with the event. A
     * pass of an event that the backplane brought has a {@code ReceiverContext} with it.
     */
    PUBLISH("realtime.backplane.publish", "realtime publish", RealtimeMeter.BACKPLANE_PUBLISH);

    private final String name;
    private final String contextualName;
    private final RealtimeMeter timer;

    RealtimeObservation(String name, String contextualName, RealtimeMeter timer) {
        this.name = name;
        this.contextualName = contextualName;
        this.timer = timer;
    }

    @Override
    public String getName() {
        return this.name;
    }

    @Override
    public String getContextualName() {
        return this.contextualName;
    }

    @Override
    public KeyName[] getLowCardinalityKeyNames() {
        return this.timer.getKeyNames();
    }
}
