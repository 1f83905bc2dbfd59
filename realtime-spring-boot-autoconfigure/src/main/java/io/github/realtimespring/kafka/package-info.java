/** The backplane and the history on Apache Kafka, with plain clients on the application's own settings (SPEC §6, §10). */
@NullMarked
package io.github.realtimespring.kafka;

import org.jspecify.annotations.NullMarked;
