package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.DeliveryClass;
import io.github.realtimespring.Event;
import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.Ticker;
import io.github.realtimespring.connection.Frame;
import io.github.realtimespring.connection.Liveness;
import io.github.realtimespring.connection.SendQueue;
import io.github.realtimespring.fanout.FanoutSettings;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/**
 * How long a room of one member waits behind passes over 100,000 members, with the default settings, and whether
 * everybody's heartbeats go out meanwhile. Times of single publishes: no JMH.
 */
final class FairnessRun {

    private static final int MEMBERS = 100_000;
    private static final Duration HEARTBEAT = Duration.ofSeconds(1);
    private static final long PAUSE = TimeUnit.MILLISECONDS.toNanos(5);
    private static final RoutingKey LARGE = RoutingKey.room("large");
    private static final RoutingKey SMALL = RoutingKey.room("small");
    private static final Payload PAYLOAD = Payload.ofJson("\"" + "x".repeat(198) + "\"");

    private FairnessRun() {}

    /** Milliseconds from the publish to the member's transport. */
    record Delay(double median, double p99, double longest) {

        private static Delay of(long[] nanos) {
            long[] sorted = nanos.clone();
            Arrays.sort(sorted);
            return new Delay(
                    sorted[sorted.length / 2] / 1e6,
                    sorted[sorted.length * 99 / 100] / 1e6,
                    sorted[sorted.length - 1] / 1e6);
        }
    }

    /**
     * @param alone delays while nothing else runs
     * @param behind delays while a pass over the large room is always running
     * @param passMillis what one of those passes took, on average
     * @param heartbeatMillis the time between two heartbeats of one connection
     * @param visitMillis the time between two visits of the liveness thread
     * @param longestGapMillis the longest time any of the 100,001 connections was without a heartbeat
     */
    record Result(
            Delay alone,
            Delay behind,
            double passMillis,
            long heartbeatMillis,
            long visitMillis,
            double longestGapMillis) {

        double addedMedian() {
            return this.behind.median() - this.alone.median();
        }
    }

    static Result measure(int samples) throws InterruptedException {
        try (Engine engine = new Engine(FanoutSettings.DEFAULTS)) {
            TimedTransport[] transports = new TimedTransport[MEMBERS + 1];
            for (int i = 0; i <= MEMBERS; i++) {
                transports[i] = new TimedTransport();
                engine.join(engine.connect(transports[i]), i < MEMBERS ? LARGE : SMALL);
            }
            TimedTransport small = transports[MEMBERS];
            // Compile both paths before anything counts.
            for (int i = 0; i < 20; i++) {
                publish(engine, LARGE);
            }
            delays(engine, small, samples / 2);
            long[] alone = delays(engine, small, samples);

            AtomicBoolean over = new AtomicBoolean();
            AtomicInteger passes = new AtomicInteger();
            CountDownLatch running = new CountDownLatch(1);
            Thread storm = new Thread(
                    () -> {
                        while (!over.get()) {
                            running.countDown();
                            publish(engine, LARGE);
                            passes.incrementAndGet();
                        }
                    },
                    "large-room");
            // A stub never answers; the run is shorter than this allowance.
            try (Liveness liveness =
                    new Liveness(engine.connections, HEARTBEAT, Duration.ofMinutes(10), Ticker.SYSTEM)) {
                storm.start();
                running.await();
                liveness.start();
                long began = System.nanoTime();
                long[] behind = delays(engine, small, samples);
                long wanted = began + HEARTBEAT.toNanos() * 5;
                while (System.nanoTime() < wanted) {
                    LockSupport.parkNanos(PAUSE);
                }
                long took = System.nanoTime() - began;
                over.set(true);
                storm.join();
                long longest = 0;
                for (TimedTransport transport : transports) {
                    longest = Math.max(longest, transport.longestGap());
                }
                return new Result(
                        Delay.of(alone),
                        Delay.of(behind),
                        took / 1e6 / Math.max(1, passes.get()),
                        HEARTBEAT.toMillis(),
                        HEARTBEAT.toMillis() / 4,
                        longest / 1e6);
            }
        }
    }

    private static void publish(Engine engine, RoutingKey key) {
        engine.fanout
                .publish(Event.of(key, "test.event", PAYLOAD, DeliveryClass.STANDARD))
                .receipt()
                .toCompletableFuture()
                .join();
    }

    private static long[] delays(Engine engine, TimedTransport member, int samples) {
        long[] delays = new long[samples];
        for (int i = 0; i < samples; i++) {
            LockSupport.parkNanos(PAUSE);
            long began = System.nanoTime();
            publish(engine, SMALL);
            delays[i] = member.lastEvent - began;
        }
        return delays;
    }

    /** Writes to nobody and remembers when. One drain at a time, so plain writes would do for all but the reader. */
    private static final class TimedTransport extends StubTransport {

        private volatile long lastEvent;
        private volatile long lastPing;
        private volatile long longestGap;

        @Override
        public void wakeUp(SendQueue queue) {
            for (List<Frame> batch = queue.poll(64 << 10); batch != null; batch = queue.poll(64 << 10)) {
                for (Frame frame : batch) {
                    wrote(frame);
                }
                queue.written();
            }
        }

        private void wrote(Frame frame) {
            if (frame.delivery() != null) {
                this.lastEvent = System.nanoTime();
                return;
            }
            long now = System.nanoTime();
            if (this.lastPing != 0) {
                this.longestGap = Math.max(this.longestGap, now - this.lastPing);
            }
            this.lastPing = now;
        }

        /** A connection without two heartbeats was without one for the whole run. */
        long longestGap() {
            return this.longestGap == 0 ? Long.MAX_VALUE : this.longestGap;
        }
    }
}
