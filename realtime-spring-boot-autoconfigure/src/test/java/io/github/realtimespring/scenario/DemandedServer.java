package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.springframework.boot.web.server.context.WebServerInitializedEvent;
import org.springframework.context.ApplicationListener;

/**
 * Looks at every web server that any application of the tests starts: a class path that brings another one than this run
 * is about ends the start. A test of servers that starts none fails, too.
 */
public final class DemandedServer
        implements ApplicationListener<WebServerInitializedEvent>, BeforeAllCallback, AfterAllCallback {

    private static final AtomicInteger started = new AtomicInteger();

    private int before;

    @Override
    public void onApplicationEvent(WebServerInitializedEvent event) {
        assertThat(TestServer.current().started(event.getWebServer()))
                .as("%s is %s", event.getWebServer().getClass(), TestServer.current())
                .isTrue();
        started.incrementAndGet();
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        this.before = started.get();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        assertThat(started.get()).as("servers that the scenarios started").isGreaterThan(this.before);
    }
}
