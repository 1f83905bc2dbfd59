package io.github.realtimespring.fanout;

import io.github.realtimespring.RoutingKey;
import java.time.Duration;

/**
 * What one local pass did (SPEC §3). The five outcome counts sum to {@code members - excluded}.
 *
 * @param key where the event went
 * @param members members when the pass took its snapshot
 * @param membersAfter members when the pass ended
 * @param excluded members that {@code except} or a {@link RecipientCustomizer} left out
 * @param accepted queues that took the event, or will get it from the history
 * @param coalesced queues in which it replaced an older value
 * @param dropped queues that refused it
 * @param closed connections that were closing, or closed because their queue was full
 * @param stale members that left after the snapshot
 * @param bytes encoded bytes of what was accepted or coalesced
 * @param duration from the publish to the end of the pass
 * @param chunks turns the pass took; 0 if there was no pass
 * @since 0.1.0
 */
public record FanoutReceipt(
        RoutingKey key,
        int members,
        int membersAfter,
        int excluded,
        int accepted,
        int coalesced,
        int dropped,
        int closed,
        int stale,
        long bytes,
        Duration duration,
        int chunks) {

    /** The receipt of a pass that did not take place. */
    public static FanoutReceipt none(RoutingKey key) {
        return new FanoutReceipt(key, 0, 0, 0, 0, 0, 0, 0, 0, 0, Duration.ZERO, 0);
    }

    /** Members that were meant to get the event: the sum of the five outcomes. */
    public int recipients() {
        return this.members - this.excluded;
    }

    /** The line of the log, {@code room=project:42 members=128 accepted=121 …}. */
    @Override
    public String toString() {
        return this.key.kind().prefix() + '=' + this.key.id() + " members=" + this.members + " accepted="
                + this.accepted
                + " dropped=" + this.dropped + " coalesced=" + this.coalesced + " closed=" + this.closed + " stale="
                + this.stale + " bytes=" + this.bytes + " duration_ms=" + this.duration.toNanos() / 100_000 / 10.0;
    }
}
