/** The broker on Redis and Valkey. */
@NullMarked
package io.github.realtimespring.redis;

import org.jspecify.annotations.NullMarked;
