package io.github.realtimespring.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.kafka.KafkaClients.Client;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class KafkaClientsTests {

    private static final Duration TIMEOUT = Duration.ofSeconds(2);

    private static Map<String, Object> made(Client client, Map<String, Object> settings) {
        KafkaClients clients = new KafkaClients(settings, settings, settings);
        return switch (client) {
            case PRODUCER -> clients.producing(TIMEOUT);
            case CONSUMER -> clients.consuming();
            case ADMIN -> clients.administering(TIMEOUT);
        };
    }

    @ParameterizedTest
    @EnumSource
    void whatIsReservedIsNotTheApplications(Client client) {
        Map<String, Object> own = new HashMap<>(Map.of("security.protocol", "SSL"));
        client.reserved().forEach(name -> own.put(name, "the application's"));

        Map<String, Object> made = made(client, own);

        assertThat(made).doesNotContainValue("the application's").containsEntry("security.protocol", "SSL");
    }

    @ParameterizedTest
    @EnumSource
    void whatIsSetHereIsReservedButForTheName(Client client) {
        Set<String> set = new HashSet<>(made(client, Map.of()).keySet());
        assertThat(set.remove("client.id")).isTrue();

        assertThat(client.reserved()).containsAll(set);
    }

    @ParameterizedTest
    @EnumSource
    void theNameOfTheApplicationsClientIsKept(Client client) {
        assertThat(made(client, Map.of("client.id", "chat")).get("client.id").toString())
                .startsWith("chat-realtime-");
    }
}
