package io.github.realtimespring.architecture.violations.clocks.shard;

import java.time.Instant;

public class AsksTheWall {
    boolean isOver(Instant end) {
        return Instant.now().isAfter(end);
    }
}
