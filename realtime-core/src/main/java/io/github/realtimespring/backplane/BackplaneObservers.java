package io.github.realtimespring.backplane;

import io.github.realtimespring.RoutingKey;
import java.util.List;

/** Several observers as one. */
record BackplaneObservers(List<? extends BackplaneObserver> observers) implements BackplaneObserver {

    BackplaneObservers {
        observers = List.copyOf(observers);
    }

    @Override
    public void received(Received result) {
        this.observers.forEach(observer -> observer.received(result));
    }

    @Override
    public void lost(RoutingKey key, long events) {
        this.observers.forEach(observer -> observer.lost(key, events));
    }

    @Override
    public void caughtUp(RoutingKey key, long events) {
        this.observers.forEach(observer -> observer.caughtUp(key, events));
    }

    @Override
    public void subscriptionChanged(boolean began) {
        this.observers.forEach(observer -> observer.subscriptionChanged(began));
    }

    @Override
    public void statusChanged(BackplaneStatus status) {
        this.observers.forEach(observer -> observer.statusChanged(status));
    }

    @Override
    public void lag(long nanos) {
        this.observers.forEach(observer -> observer.lag(nanos));
    }

    @Override
    public void peersChanged() {
        this.observers.forEach(BackplaneObserver::peersChanged);
    }

    @Override
    public void reconnected() {
        this.observers.forEach(BackplaneObserver::reconnected);
    }
}
