package io.github.realtimespring.handler;

import org.springframework.util.ClassUtils;

/** Which optional libraries are there. Classes that need one are touched only behind these. */
final class Libraries {

    static final boolean SECURITY = present("org.springframework.security.core.context.SecurityContextHolder");
    static final boolean REACTOR = present("reactor.core.publisher.Mono");
    static final boolean WEB = present("org.springframework.web.ErrorResponse");
    static final boolean VALIDATION = present("jakarta.validation.ConstraintViolationException");
    static final boolean TRANSACTIONS =
            present("org.springframework.transaction.support.TransactionSynchronizationManager");

    private Libraries() {}

    private static boolean present(String type) {
        return ClassUtils.isPresent(type, Libraries.class.getClassLoader());
    }
}
