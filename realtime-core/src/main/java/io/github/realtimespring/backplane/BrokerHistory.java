package io.github.realtimespring.backplane;

import io.github.realtimespring.Cursor;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.history.History;
import io.github.realtimespring.history.Recorded;
import io.github.realtimespring.history.Replay;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The streams that a broker keeps, as every node reads them. An entry that cannot be read is a hole, and told so. */
final class BrokerHistory implements History {

    private static final Logger logger = LoggerFactory.getLogger(BrokerHistory.class);

    private final Broker broker;
    private final EnvelopeCodec codec;

    BrokerHistory(Broker broker, EnvelopeCodec codec) {
        this.broker = broker;
        this.codec = codec;
    }

    @Override
    public CompletionStage<Cursor> head(RoutingKey key) {
        return this.broker.head(key);
    }

    @Override
    public CompletionStage<Replay> since(RoutingKey key, Cursor cursor, int limit) {
        return this.broker.read(key, cursor, limit).thenApply(slice -> replay(key, slice));
    }

    private Replay replay(RoutingKey key, Broker.Slice slice) {
        if (!slice.available()) {
            return Replay.lost(slice.head());
        }
        List<Recorded> events = new ArrayList<>(slice.entries().size());
        for (Broker.Entry entry : slice.entries()) {
            try {
                events.add(new Recorded(
                        this.codec.decode(entry.envelope(), key, entry.cursor()).event()));
            } catch (InvalidEnvelopeException invalid) {
                logger.debug("The stream of {} has something that is {}", key, invalid.reason(), invalid);
                return Replay.lost(slice.head());
            }
        }
        // Of what other nodes published without a stream nobody knows here.
        return new Replay(true, events, slice.missed(), slice.head(), true);
    }

    @Override
    public Runnable unrecorded(RoutingKey key) {
        return () -> {};
    }

    @Override
    public CompletionStage<Long> size(RoutingKey key) {
        return this.broker.size(key);
    }
}
