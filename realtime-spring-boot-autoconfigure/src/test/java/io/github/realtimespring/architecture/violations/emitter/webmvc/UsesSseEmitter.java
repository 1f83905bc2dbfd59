package io.github.realtimespring.architecture.violations.emitter.webmvc;

import org.springframework.web.servlet.mvc.method.annotation.SseEmitter;

public class UsesSseEmitter {
    SseEmitter emitter;
}
