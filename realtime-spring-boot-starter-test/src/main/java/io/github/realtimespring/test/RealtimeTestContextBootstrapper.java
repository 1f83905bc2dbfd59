package io.github.realtimespring.test;

import org.springframework.boot.test.autoconfigure.TestSliceTestContextBootstrapper;

/** Starts the context of a {@link RealtimeTest}, which has no web server. */
final class RealtimeTestContextBootstrapper extends TestSliceTestContextBootstrapper<RealtimeTest> {}
