/** Identity, bounded queue and transport port of one connection. */
@NullMarked
package io.github.realtimespring.connection;

import org.jspecify.annotations.NullMarked;
