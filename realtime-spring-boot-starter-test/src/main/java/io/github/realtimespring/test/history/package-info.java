/** The suites that every store of what nodes share has to pass. */
@NullMarked
package io.github.realtimespring.test.history;

import org.jspecify.annotations.NullMarked;
