/** Test slice and tester for realtime applications. */
@NullMarked
package io.github.realtimespring.test;

import org.jspecify.annotations.NullMarked;
