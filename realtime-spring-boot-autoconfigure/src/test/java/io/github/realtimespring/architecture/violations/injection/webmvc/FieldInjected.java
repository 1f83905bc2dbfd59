package io.github.realtimespring.architecture.violations.injection.webmvc;

import org.springframework.beans.factory.annotation.Autowired;

public class FieldInjected {
    @Autowired
    Runnable injected;
}
