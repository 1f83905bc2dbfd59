package io.github.realtimespring.backplane;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * Whether the backplane works, and since when (SPEC §6).
 *
 * @param readable whether events of other nodes arrive
 * @param writable whether events can be published
 * @param since when this began
 * @param lastError the last failure, neutralised for logs; {@code null} if there was none
 * @since 0.1.0
 */
public record BackplaneStatus(
        boolean readable,
        boolean writable,
        Instant since,
        @Nullable String lastError) {}
