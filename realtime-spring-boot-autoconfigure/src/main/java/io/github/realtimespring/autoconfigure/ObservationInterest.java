package io.github.realtimespring.autoconfigure;

import io.micrometer.core.instrument.observation.DefaultMeterObservationHandler;
import io.micrometer.observation.GlobalObservationConvention;
import io.micrometer.observation.ObservationFilter;
import io.micrometer.observation.ObservationHandler;
import io.micrometer.observation.ObservationPredicate;
import io.micrometer.observation.ObservationRegistry;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.BeanFactoryUtils;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.boot.context.properties.bind.Bindable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.core.env.Environment;
import org.springframework.util.ClassUtils;

/**
 * Whether anything in the application hears of observations or changes them, besides the handler that makes meters of
 * them. Told by bean definitions, so that nothing is made for the question.
 */
final class ObservationInterest {

    private static final String BOOT = "org.springframework.boot.micrometer.observation.autoconfigure.";

    private final ConfigurableListableBeanFactory beans;
    private final Environment environment;

    ObservationInterest(ConfigurableListableBeanFactory beans, Environment environment) {
        this.beans = beans;
        this.environment = environment;
    }

    /** True when in doubt: a registry that Spring Boot did not make may have handlers that are no beans. */
    boolean exists() {
        return !isBootsRegistry()
                || has(ObservationHandler.class, DefaultMeterObservationHandler.class.getName())
                || has(ObservationFilter.class, BOOT + "PropertiesObservationFilterPredicate")
                || has(ObservationPredicate.class, BOOT + "PropertiesObservationFilterPredicate")
                || has(GlobalObservationConvention.class, null)
                || hasCustomizers()
                || isSet("management.observations.enable")
                || isSet("management.observations.key-values");
    }

    private boolean isBootsRegistry() {
        String[] names = this.beans.getBeanNamesForType(ObservationRegistry.class, true, false);
        if (names.length != 1 || !this.beans.containsBeanDefinition(names[0])) {
            return false;
        }
        BeanDefinition definition = this.beans.getMergedBeanDefinition(names[0]);
        String factory = definition.getFactoryBeanName();
        return factory != null && factory.startsWith(BOOT)
                || String.valueOf(definition.getBeanClassName()).startsWith(BOOT);
    }

    private boolean hasCustomizers() {
        Class<?> customizer;
        try {
            customizer = ClassUtils.forName(BOOT + "ObservationRegistryCustomizer", this.beans.getBeanClassLoader());
        } catch (ClassNotFoundException | LinkageError ex) {
            return true;
        }
        return has(customizer, null);
    }

    /** Whether there is a bean of the type, but for those of one class. */
    private boolean has(Class<?> type, @Nullable String harmless) {
        for (String name : BeanFactoryUtils.beanNamesForTypeIncludingAncestors(this.beans, type, true, false)) {
            Class<?> made = this.beans.getType(name, false);
            if (made == null || !made.getName().equals(harmless)) {
                return true;
            }
        }
        return false;
    }

    private boolean isSet(String property) {
        return Binder.get(this.environment)
                .bind(property, Bindable.mapOf(String.class, String.class))
                .isBound();
    }
}
