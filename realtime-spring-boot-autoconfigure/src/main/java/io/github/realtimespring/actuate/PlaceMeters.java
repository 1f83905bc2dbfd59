package io.github.realtimespring.actuate;

import io.github.realtimespring.registry.PlaceListener;
import io.github.realtimespring.registry.Places;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.EnumMap;
import java.util.Map;

/**
 * Meters of the places that duplicate-connection policies give.
 *
 * @since 0.1.0
 */
public final class PlaceMeters implements PlaceListener {

    private final MeterRegistry registry;
    private final Map<Change, Counter> changes = new EnumMap<>(Change.class);

    public PlaceMeters(MeterRegistry registry) {
        this.registry = registry;
        for (Change change : Change.values()) {
            this.changes.put(
                    change,
                    Counter.builder(RealtimeMeter.PLACES_CHANGES.getName())
                            .baseUnit(RealtimeMeter.PLACES_CHANGES.getBaseUnit())
                            .description(RealtimeMeter.PLACES_CHANGES.getDescription())
                            .tag(RealtimeMeter.Tag.OUTCOME.asString(), change.wireName())
                            .register(registry));
        }
    }

    /** Makes the gauge of how many there are. */
    public void bindTo(Places places) {
        Gauge.builder(RealtimeMeter.PLACES.getName(), places, Places::size)
                .baseUnit(RealtimeMeter.PLACES.getBaseUnit())
                .description(RealtimeMeter.PLACES.getDescription())
                .register(this.registry);
    }

    @Override
    public void changed(Change change, int places) {
        Counter counter = this.changes.get(change);
        if (counter != null) {
            counter.increment(places);
        }
    }
}
