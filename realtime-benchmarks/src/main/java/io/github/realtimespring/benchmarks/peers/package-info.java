/** The servers that the harness measures: the product, and what Spring users run today. */
@NullMarked
package io.github.realtimespring.benchmarks.peers;

import org.jspecify.annotations.NullMarked;
