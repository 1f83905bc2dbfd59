/** A small application that the tests of the test kit run against. */
@NullMarked
package io.github.realtimespring.test.chat;

import org.jspecify.annotations.NullMarked;
