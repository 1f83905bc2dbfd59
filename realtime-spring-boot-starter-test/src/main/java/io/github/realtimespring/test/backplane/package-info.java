/** A backplane in memory whose faults a test chooses, and the suite that every backplane has to pass. */
@NullMarked
package io.github.realtimespring.test.backplane;

import org.jspecify.annotations.NullMarked;
