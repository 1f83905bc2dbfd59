package io.github.realtimespring.test.chat;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.handler.RealtimeTemplate;
import io.github.realtimespring.protocol.TenantResolver;
import io.github.realtimespring.test.RealtimeTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.TestConfiguration;
import org.springframework.context.annotation.Bean;

@RealtimeTest(OtherRoom.class)
class TenantTests {

    @Autowired
    RealtimeTester realtime;

    @Autowired
    RealtimeTemplate template;

    @TestConfiguration(proxyBeanMethods = false)
    static class Tenants {

        @Bean
        TenantResolver tenants() {
            return request -> {
                String tenant = request.header("X-Tenant");
                if (tenant == null) {
                    throw new RealtimeException(ErrorCode.FORBIDDEN, "no tenant");
                }
                return tenant;
            };
        }
    }

    private RealtimeTestClient of(String tenant) {
        RealtimeTestClient client = this.realtime.connect(() -> "alice", Map.of("X-Tenant", List.of(tenant)));
        client.join("other:1").assertJoined();
        return client;
    }

    @Test
    void aTenantSeesItsOwnEventsOnly() {
        RealtimeTestClient acme = of("acme");
        RealtimeTestClient umbrella = of("umbrella");

        this.template.tenant("acme").room("other:1").send("tick", 1);

        acme.expectEvent("tick", Integer.class).isEqualTo(1);
        umbrella.expectNoMoreEvents();
    }

    @Test
    void aHandshakeThatTheResolverRefusesFails() {
        assertThatExceptionOfType(RealtimeException.class).isThrownBy(() -> this.realtime.connectAs("alice"));
    }
}
