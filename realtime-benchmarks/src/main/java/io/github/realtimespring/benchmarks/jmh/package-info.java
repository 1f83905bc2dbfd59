/** Micro benchmarks of the engine, each beside what it is compared with, and a main class that runs them all. */
@NullMarked
package io.github.realtimespring.benchmarks.jmh;

import org.jspecify.annotations.NullMarked;
