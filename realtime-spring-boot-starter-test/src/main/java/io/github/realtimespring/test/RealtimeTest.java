package io.github.realtimespring.test;

import io.github.realtimespring.handler.annotation.RoomController;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.autoconfigure.ImportAutoConfiguration;
import org.springframework.boot.test.autoconfigure.OverrideAutoConfiguration;
import org.springframework.boot.test.autoconfigure.json.AutoConfigureJson;
import org.springframework.boot.test.context.filter.annotation.TypeExcludeFilters;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.core.annotation.AliasFor;
import org.springframework.test.context.BootstrapWith;
import org.springframework.test.context.junit.jupiter.SpringExtension;

/**
 * A test of room controllers without a server: the real engine, protocol and handlers on the local backplane, driven by
 * an embedded {@link RealtimeTester}.
 *
 * <p>Of the application only what concerns rooms is loaded: the {@link RoomController}s named here, or all of them if
 * none is named, with {@code RoomAccessRule}, {@code TenantResolver}, {@code IdentityCustomizer},
 * {@code RecipientCustomizer}, argument resolvers, converters and Jackson modules. {@code @Component}, {@code @Service},
 * {@code @Repository} and {@code @Configuration} classes are not: supply them with {@code @MockitoBean} or
 * {@code @Import}. For the whole application use {@code @SpringBootTest} with {@link AutoConfigureRealtimeTester}.
 *
 * <p>Connections end with the test method that opened them. What the streams of rooms and the application's beans hold
 * stays as long as the context does.
 *
 * @since 0.1.0
 */
@Target(ElementType.TYPE)
@Retention(RetentionPolicy.RUNTIME)
@Documented
@Inherited
@BootstrapWith(RealtimeTestContextBootstrapper.class)
@ExtendWith(SpringExtension.class)
@OverrideAutoConfiguration(enabled = false)
@TypeExcludeFilters(RealtimeTypeExcludeFilter.class)
@AutoConfigureJson
@AutoConfigureRealtime
@AutoConfigureRealtimeTester
@ImportAutoConfiguration
public @interface RealtimeTest {

    /** Properties in form {@literal key=value} for the environment of the test. */
    String[] properties() default {};

    /** The room controllers to test; all of them if empty. */
    @AliasFor("controllers")
    Class<?>[] value() default {};

    /** The room controllers to test; all of them if empty. */
    @AliasFor("value")
    Class<?>[] controllers() default {};

    /** Whether only what concerns rooms is loaded, but for the filters below. */
    boolean useDefaultFilters() default true;

    /** Components that are loaded in addition. */
    ComponentScan.Filter[] includeFilters() default {};

    /** Components that are not loaded. */
    ComponentScan.Filter[] excludeFilters() default {};

    /** Auto-configurations that this test does without. */
    @AliasFor(annotation = ImportAutoConfiguration.class, attribute = "exclude")
    Class<?>[] excludeAutoConfiguration() default {};
}
