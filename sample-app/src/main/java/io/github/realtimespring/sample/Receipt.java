package io.github.realtimespring.sample;

import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.fanout.FanoutReceipt;
import io.github.realtimespring.fanout.PublishReceipt;

/** What became of a message, as the page shows it to its author: counts, never names. */
record Receipt(
        int members,
        int accepted,
        int coalesced,
        int dropped,
        int closed,
        int stale,
        long bytes,
        BackplaneOutcome backplane) {

    static Receipt of(PublishReceipt receipt) {
        FanoutReceipt local = receipt.local();
        return new Receipt(
                local.members(),
                local.accepted(),
                local.coalesced(),
                local.dropped(),
                local.closed(),
                local.stale(),
                local.bytes(),
                receipt.backplane());
    }
}
