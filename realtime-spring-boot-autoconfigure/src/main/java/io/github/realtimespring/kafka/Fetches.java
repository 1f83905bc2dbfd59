package io.github.realtimespring.kafka;

import java.util.Map;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.jspecify.annotations.Nullable;

/**
 * Notices that Kafka answers fetches at once and with nothing: it does so for a topic that is gone. The consumer then asks
 * again at once, and logs each answer, thousands in a second; it tells nobody else. A fetch that is answered as it should be
 * waits for records, so the number of those that brought none is small in any time.
 *
 * <p>Used by one thread.
 */
final class Fetches {

    /** Fetches over one connection in one poll that may bring nothing. */
    private static final double NORMAL = 4;

    /** Polls in a row with more than that. */
    private static final int POLLS = 2;

    private static final long SHORTEST = 100;
    private static final long LONGEST = 1000;

    private final @Nullable Metric fetches;
    private final @Nullable Metric connections;
    private double before;
    private int polls;
    private long pause;

    Fetches(Consumer<?, ?> consumer) {
        this.fetches = find(consumer, "consumer-fetch-manager-metrics", "fetch-total");
        this.connections = find(consumer, "consumer-metrics", "connection-count");
        this.before = value(this.fetches);
    }

    private static @Nullable Metric find(Consumer<?, ?> consumer, String group, String name) {
        for (Map.Entry<MetricName, ? extends Metric> metric : consumer.metrics().entrySet()) {
            MetricName found = metric.getKey();
            if (found.group().equals(group)
                    && found.name().equals(name)
                    && !found.tags().containsKey("topic")) {
                return metric.getValue();
            }
        }
        return null;
    }

    private static double value(@Nullable Metric metric) {
        return metric != null && metric.metricValue() instanceof Number number ? number.doubleValue() : 0;
    }

    /**
     * A poll is over.
     *
     * @return how long to ask nothing before the next one, in milliseconds: longer from time to time, 0 if all is well
     */
    long polled(boolean broughtRecords) {
        double now = value(this.fetches);
        double made = now - this.before;
        this.before = now;
        boolean normal = made <= NORMAL * Math.max(1, value(this.connections));
        if (broughtRecords) {
            reset();
        } else if (normal) {
            this.polls = 0;
            this.pause = this.pause / 2 < SHORTEST ? 0 : this.pause / 2;
        } else if (this.pause > 0) {
            this.pause = Math.min(LONGEST, 2 * this.pause);
        } else if (++this.polls >= POLLS) {
            this.pause = SHORTEST;
        }
        return this.pause;
    }

    /** What is read is something else from now on. */
    void reset() {
        this.polls = 0;
        this.pause = 0;
    }
}
