/** Who is here, as people rather than connections (SPEC §11). */
@NullMarked
package io.github.realtimespring.presence;

import org.jspecify.annotations.NullMarked;
