package io.github.realtimespring.scenario;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.context.ApplicationContext;

/**
 * Spring MVC and WebFlux are both on the class path, as with both starters: the application has the transports of one stack,
 * the one that Spring Boot chooses, which is the servlet one unless {@code spring.main.web-application-type} says otherwise.
 */
@ServletServerTest
class OneStackIntegrationTests {

    @ParameterizedTest
    @CsvSource({", webmvc", "servlet, webmvc", "reactive, webflux"})
    void withBothOnTheClassPathThereIsOneStack(String type, String expected) throws Exception {
        String[] properties = type == null ? new String[0] : new String[] {"spring.main.web-application-type=" + type};
        List<Class<?>> configurations =
                new ArrayList<>(List.of(RealtimeServer.OpenSecurity.class, HttpProjects.class, Inside.class));
        if (expected.equals("webflux")) {
            configurations.add(ReactiveServletContainer.class);
        }
        try (RealtimeServer server = RealtimeServer.start(configurations, properties)) {
            assertThat(stacks(server.bean(Inside.class).context())).containsExactly(expected);
            for (TransportClient.Kind kind : TransportClient.Kind.values()) {
                try (TransportClient client = kind.join(server, "project:1", null)) {
                    client.expect("\"joined\"");
                }
            }
        }
    }

    record Inside(ApplicationContext context) {}

    /** The packages of transports that beans come from. */
    private static Set<String> stacks(ApplicationContext context) {
        return Arrays.stream(context.getBeanDefinitionNames())
                .map(context::getType)
                .filter(type -> type != null && type.getPackageName().startsWith("io.github.realtimespring.web"))
                .map(type -> type.getPackageName().replaceAll(".*\\.", ""))
                .collect(Collectors.toSet());
    }
}
