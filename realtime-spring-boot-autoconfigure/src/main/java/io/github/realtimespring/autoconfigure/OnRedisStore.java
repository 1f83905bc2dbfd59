package io.github.realtimespring.autoconfigure;

import org.springframework.boot.autoconfigure.condition.ConditionMessage;
import org.springframework.boot.autoconfigure.condition.ConditionOutcome;
import org.springframework.boot.autoconfigure.condition.SpringBootCondition;
import org.springframework.context.annotation.ConditionContext;
import org.springframework.core.env.Environment;
import org.springframework.core.type.AnnotatedTypeMetadata;

/** Whether what nodes have to agree on is kept on Redis: the properties say so, or the backplane is there. */
final class OnRedisStore extends SpringBootCondition {

    @Override
    public ConditionOutcome getMatchOutcome(ConditionContext context, AnnotatedTypeMetadata metadata) {
        Environment environment = context.getEnvironment();
        String type = environment.getProperty("realtime.store.type", "auto");
        String backplane = environment.getProperty("realtime.backplane.type", "local");
        boolean matches =
                type.equalsIgnoreCase("redis") || type.equalsIgnoreCase("auto") && backplane.equalsIgnoreCase("redis");
        return new ConditionOutcome(
                matches,
                ConditionMessage.forCondition("store")
                        .because("realtime.store.type is " + type + " and realtime.backplane.type " + backplane));
    }
}
