/** Who is present in a room. */
@NullMarked
package io.github.realtimespring.presence;

import org.jspecify.annotations.NullMarked;
