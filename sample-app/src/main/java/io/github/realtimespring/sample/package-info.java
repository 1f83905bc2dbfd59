/** Project chat: rooms with messages, typing, notices and approvals. */
@NullMarked
package io.github.realtimespring.sample;

import org.jspecify.annotations.NullMarked;
