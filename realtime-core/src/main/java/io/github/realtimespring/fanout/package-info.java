/** One event to everybody in a key: chunked passes, receipts and the publish orders (SPEC §3, §5, §6). */
@NullMarked
package io.github.realtimespring.fanout;

import org.jspecify.annotations.NullMarked;
