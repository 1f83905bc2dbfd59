/** Annotated room controllers and the template that sends to rooms. */
@NullMarked
package io.github.realtimespring.handler;

import org.jspecify.annotations.NullMarked;
