package io.github.realtimespring.scenario;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What passed on which transport, printed when the scenarios are over; each run fills the row of its server. */
final class TransportMatrix implements AfterAllCallback {

    /** What every transport is asked. */
    enum Scenario {
        JOIN,
        PUBLISH,
        ACK,
        ERROR,
        RESUME,
        GAP,
        EXPIRY,
        DRAIN,
        SLOW_READER,
        LIMITS,
        TOO_LARGE,
        MIXED_ROOM
    }

    private static final Map<TransportClient.Kind, Set<Scenario>> passed = new EnumMap<>(TransportClient.Kind.class);

    static synchronized void passed(TransportClient.Kind kind, Scenario scenario) {
        passed.computeIfAbsent(kind, none -> EnumSet.noneOf(Scenario.class)).add(scenario);
    }

    @Override
    public void afterAll(ExtensionContext context) {
        System.out.println(line());
    }

    private static synchronized String line() {
        return passed.entrySet().stream()
                .map(row -> row.getKey().label() + " " + row.getValue().size() + "/" + Scenario.values().length)
                .collect(Collectors.joining(
                        ", ", "transport matrix: " + TestServer.current().name().toLowerCase(Locale.ROOT) + ": ", ""));
    }
}
