/** WebSocket transport on servlet containers. */
@NullMarked
package io.github.realtimespring.webmvc;

import org.jspecify.annotations.NullMarked;
