/** Delivery of one event to the local members of its key. */
@NullMarked
package io.github.realtimespring.fanout;

import org.jspecify.annotations.NullMarked;
