/** One client: its identity, its bounded queue and the port to the transport that drains it (SPEC §4). */
@NullMarked
package io.github.realtimespring.connection;

import org.jspecify.annotations.NullMarked;
