/** What holds on every transport, to be run on each. */
package io.github.realtimespring.scenario;
