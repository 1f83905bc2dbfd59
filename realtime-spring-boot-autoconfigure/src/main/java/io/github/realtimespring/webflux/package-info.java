/** The transports on WebFlux: fast on Reactor Netty, ordinary sessions on every other server. */
@org.jspecify.annotations.NullMarked
package io.github.realtimespring.webflux;
