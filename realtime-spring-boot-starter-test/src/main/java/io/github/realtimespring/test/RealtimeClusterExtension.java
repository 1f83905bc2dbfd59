package io.github.realtimespring.test;

import io.github.realtimespring.backplane.Broker;
import io.github.realtimespring.backplane.SubscriptionMode;
import io.github.realtimespring.history.IdempotencyStore;
import io.github.realtimespring.presence.PresenceStore;
import io.github.realtimespring.registry.PlaceStore;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.test.context.AnnotatedClassFinder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;

/** Starts the nodes of a {@link RealtimeClusterTest} for the tests of a class. */
final class RealtimeClusterExtension implements BeforeAllCallback, AfterEachCallback, ParameterResolver {

    private static final ExtensionContext.Namespace NAMESPACE =
            ExtensionContext.Namespace.create(RealtimeClusterExtension.class);

    /** Closed with the store of the class. */
    private record Started(RealtimeCluster cluster) implements AutoCloseable {

        @Override
        public void close() {
            this.cluster.close();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ImportAutoConfiguration(RealtimeTesterAutoConfiguration.class)
    static class TesterConfiguration {}

    @Override
    public void beforeAll(ExtensionContext context) {
        if (context.getStore(NAMESPACE).get(RealtimeCluster.class) != null) {
            return; // a nested class has the nodes of the outer one
        }
        Class<?> test = context.getRequiredTestClass();
        RealtimeClusterTest declared = AnnotationSupport.findAnnotation(test, RealtimeClusterTest.class)
                .orElseThrow(() -> new IllegalStateException(test.getName() + " has no @RealtimeClusterTest"));
        context.getStore(NAMESPACE).put(RealtimeCluster.class, new Started(start(declared, sources(declared, test))));
    }

    private static List<Class<?>> sources(RealtimeClusterTest declared, Class<?> test) {
        List<Class<?>> sources = new ArrayList<>(List.of(declared.classes()));
        if (sources.isEmpty()) {
            Class<?> found = new AnnotatedClassFinder(SpringBootConfiguration.class).findFromClass(test);
            if (found == null) {
                throw new IllegalStateException("there is no @SpringBootApplication in the package of " + test.getName()
                        + " or above it: name the configuration of the nodes by classes");
            }
            sources.add(found);
        }
        sources.add(TesterConfiguration.class);
        return sources;
    }

    private static RealtimeCluster start(RealtimeClusterTest declared, List<Class<?>> sources) {
        if (declared.nodes() < 1) {
            throw new IllegalStateException("a cluster has at least one node");
        }
        FaultyBackplane backplane = new FaultyBackplane();
        List<ConfigurableApplicationContext> nodes = new ArrayList<>();
        try {
            for (int i = 0; i < declared.nodes(); i++) {
                nodes.add(node("node-" + i, declared, sources, backplane));
            }
            return new RealtimeCluster(backplane, nodes);
        } catch (RuntimeException ex) {
            nodes.forEach(ConfigurableApplicationContext::close);
            backplane.close();
            throw ex;
        }
    }

    private static ConfigurableApplicationContext node(
            String name, RealtimeClusterTest declared, List<Class<?>> sources, FaultyBackplane backplane) {
        List<String> arguments = new ArrayList<>();
        for (String property : declared.properties()) {
            arguments.add("--" + property);
        }
        arguments.addAll(List.of(
                "--server.port=0",
                "--realtime.node-id=" + name,
                // Whatever the application has in production.
                "--realtime.backplane.type=local",
                "--realtime.store.type=local",
                "--realtime.history.store=auto"));
        return new SpringApplicationBuilder(sources.toArray(Class<?>[]::new))
                .properties("spring.application.name=cluster", "spring.main.banner-mode=off")
                .registerShutdownHook(false)
                .initializers(context -> join((GenericApplicationContext) context, name, backplane))
                .run(arguments.toArray(String[]::new));
    }

    private static void join(GenericApplicationContext context, String name, FaultyBackplane backplane) {
        String asked = context.getEnvironment().getProperty("realtime.backplane.subscription", "auto");
        SubscriptionMode mode = asked.equalsIgnoreCase("auto")
                ? SubscriptionMode.LAZY
                : SubscriptionMode.valueOf(asked.toUpperCase(Locale.ROOT));
        context.registerBean("realtimeTestBroker", Broker.class, () -> backplane.broker(name, mode));
        context.registerBean(
                "realtimeTestIdempotencyKeys", IdempotencyStore.class, () -> backplane.idempotencyKeys(name));
        context.registerBean("realtimeTestNodeStore", NodeStore.class, () -> backplane.nodeStore(name));
        Duration lease = Binder.get(context.getEnvironment())
                .bind("realtime.store.lease", Duration.class)
                .orElse(Duration.ofSeconds(30));
        context.registerBean("realtimeTestPlaces", PlaceStore.class, () -> backplane.places(name, lease));
        context.registerBean("realtimeTestPresenceStore", PresenceStore.class, () -> backplane.presenceStore(name));
        // Nodes share it: none of them closes it.
        context.getBeanFactory().registerSingleton("realtimeTestBackplane", backplane);
    }

    @Override
    public void afterEach(ExtensionContext context) {
        cluster(context).reset();
    }

    private static RealtimeCluster cluster(ExtensionContext context) {
        Started started = context.getStore(NAMESPACE).get(RealtimeCluster.class, Started.class);
        if (started == null) {
            throw new IllegalStateException("the cluster has not started");
        }
        return started.cluster();
    }

    @Override
    public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
        return parameter.getParameter().getType() == RealtimeCluster.class;
    }

    @Override
    public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
        return cluster(context);
    }
}
