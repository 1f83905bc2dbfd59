/** The Java of the README. */
@NullMarked
package io.github.realtimespring.readme;

import org.jspecify.annotations.NullMarked;
