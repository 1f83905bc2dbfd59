package io.github.realtimespring.test;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * A test of several nodes of the application: as many contexts in this process, each with its own server on a random
 * port, on a {@linkplain io.github.realtimespring.test.backplane.FaultyBackplane backplane in memory} whose faults the
 * test chooses. A test method, or the constructor, has a parameter of type {@link RealtimeCluster}.
 *
 * <p>The nodes start before the first test of the class and stop after the last one. After each test method connections
 * end, faults are healed and drains are called off.
 *
 * <p>Beans of the test class are not injected and not replaced: what a node is made of is in {@link #classes}.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@ExtendWith(RealtimeClusterExtension.class)
public @interface RealtimeClusterTest {

    /** How many nodes there are. */
    int nodes() default 2;

    /**
     * The configuration of every node; the class with {@code @SpringBootApplication} that is nearest to the test, in its
     * package or above it, if empty.
     */
    Class<?>[] classes() default {};

    /** Properties in form {@literal key=value} for the environment of every node. */
    String[] properties() default {};
}
