package io.github.realtimespring.backplane;

import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;

/**
 * The own events of one key that members here get only when they come back, and that no stream keeps: which of them are
 * under way, and which were given up. A broker keeps the order of what a node sends for a key and announces behind it, so
 * whatever is under way before something that came back is lost. Guarded by the monitor of its {@link Feed}.
 */
final class Returns {

    /** Events under way; one more gives up the oldest. */
    static final int MOST = 4096;

    private record Place(long run, long sequence) {}

    private final NavigableSet<Place> underWay =
            new TreeSet<>(Comparator.comparingLong(Place::run).thenComparingLong(Place::sequence));
    /** Declared as lost, in case they come after all; the oldest are forgotten. */
    private final Set<Place> givenUp = new LinkedHashSet<>();

    /** What became of an event that came back. */
    enum Arrival {
        /** Nothing was known of it: it was sent before there were members here, or has come before. */
        UNKNOWN,
        EXPECTED,
        /** Its loss was declared. */
        LATE
    }

    /**
     * An event is about to be sent.
     *
     * @return how many are given up for it
     */
    int sent(long run, long sequence) {
        this.underWay.add(new Place(run, sequence));
        if (this.underWay.size() <= MOST) {
            return 0;
        }
        giveUp(this.underWay.first());
        return 1;
    }

    /** It was not sent, which its publisher knows. */
    void notSent(long run, long sequence) {
        this.underWay.remove(new Place(run, sequence));
    }

    /** One came back. */
    Arrival came(long run, long sequence) {
        Place place = new Place(run, sequence);
        if (this.givenUp.remove(place)) {
            return Arrival.LATE;
        }
        return this.underWay.remove(place) ? Arrival.EXPECTED : Arrival.UNKNOWN;
    }

    /**
     * Everything that was sent up to a place has come back by now, or never will.
     *
     * @return how many are given up
     */
    int passed(long run, long sequence) {
        ArrayDeque<Place> lost = new ArrayDeque<>(this.underWay.headSet(new Place(run, sequence), true));
        lost.forEach(this::giveUp);
        return lost.size();
    }

    private void giveUp(Place place) {
        this.underWay.remove(place);
        this.givenUp.add(place);
        if (this.givenUp.size() > MOST) {
            Iterator<Place> oldest = this.givenUp.iterator();
            oldest.next();
            oldest.remove();
        }
    }
}
