/** Several nodes of an application in one process. */
@NullMarked
package io.github.realtimespring.test.cluster;

import org.jspecify.annotations.NullMarked;
