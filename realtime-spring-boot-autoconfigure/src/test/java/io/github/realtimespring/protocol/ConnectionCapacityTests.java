package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ConnectionCapacityTests {

    @Test
    void enoughOfEverythingIsNotWorthAWord() {
        ConnectionCapacity capacity = new ConnectionCapacity(10_000);
        capacity.files(20_000, 300);
        capacity.server(20_000, "server.tomcat.max-connections");
        assertThat(capacity.warnings()).isEmpty();
        capacity.server(-1, "server.tomcat.max-connections");
        assertThat(capacity.warnings()).isEmpty();
    }

    @Test
    void aLimitOfFilesThatIsReachedFirstIsNamedWithWhatIsNeeded() {
        ConnectionCapacity capacity = new ConnectionCapacity(10_000);
        capacity.files(10_240, 300);
        assertThat(capacity.warnings())
                .containsExactly(
                        "realtime.connections.max is 10000, and this process may open 10240 files, of which 300"
                                + " are open without a client: raise its limit (ulimit -n, LimitNOFILE) to at least 10400, or"
                                + " lower the property");
    }

    /** The one that is refused needs a connection, too. */
    @Test
    void aServerThatTakesNoMoreThanTheLimitAnswersNobodyElse() {
        ConnectionCapacity capacity = new ConnectionCapacity(8192);
        capacity.files(100_000, 300);
        capacity.server(8192, "server.tomcat.max-connections");
        assertThat(capacity.warnings())
                .containsExactly(
                        "realtime.connections.max is 8192, and the web server takes 8192 connections and leaves"
                                + " others unanswered: set server.tomcat.max-connections above it");
    }

    @Test
    void withoutALimitNothingIsPromised() {
        ConnectionCapacity capacity = new ConnectionCapacity(Integer.MAX_VALUE);
        capacity.files(1024, 300);
        capacity.server(8192, "server.tomcat.max-connections");
        assertThat(capacity.warnings()).isEmpty();
    }
}
