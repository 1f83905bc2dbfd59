/** The socket-level harness: starts servers, runs the load client against them, writes the tables. */
@NullMarked
package io.github.realtimespring.benchmarks.load;

import org.jspecify.annotations.NullMarked;
