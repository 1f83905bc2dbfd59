package io.github.realtimespring.architecture.violations.framework.room;

import org.springframework.context.ApplicationContext;

public class UsesSpring {
    ApplicationContext context;
}
