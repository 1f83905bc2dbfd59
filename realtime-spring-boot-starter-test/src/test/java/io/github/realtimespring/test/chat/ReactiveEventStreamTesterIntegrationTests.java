package io.github.realtimespring.test.chat;

import io.github.realtimespring.test.ClientTransport;
import org.springframework.boot.reactor.netty.NettyWebServer;
import org.springframework.boot.web.server.WebServer;
import org.springframework.test.context.TestPropertySource;

@TestPropertySource(properties = "spring.main.web-application-type=reactive")
class ReactiveEventStreamTesterIntegrationTests extends RealtimeTesterContract {

    ReactiveEventStreamTesterIntegrationTests() {
        super(ClientTransport.SSE);
    }

    @Override
    Class<? extends WebServer> server() {
        return NettyWebServer.class;
    }
}
