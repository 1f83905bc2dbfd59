package io.github.realtimespring.actuate;

import io.github.realtimespring.fanout.FanoutListener;
import io.github.realtimespring.handler.HandlerListener;
import io.github.realtimespring.protocol.SessionListener;

/**
 * Measures joins, handlers, fanout passes and publishes to the backplane (SPEC §14): {@link RealtimeObservations} for whoever observes,
 * {@link RealtimeTimers} for an application that has only meters. The timers of both have the same names and tags.
 *
 * @since 0.1.0
 */
public interface RealtimeObserver extends FanoutListener, HandlerListener, SessionListener {}
