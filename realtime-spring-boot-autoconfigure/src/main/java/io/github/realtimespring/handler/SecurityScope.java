package io.github.realtimespring.handler;

import java.security.Principal;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.context.SecurityContext;
import org.springframework.security.core.context.SecurityContextHolder;
import org.springframework.security.core.context.SecurityContextHolderStrategy;

/** Puts the connection's authentication into Spring Security's context while a handler runs. */
final class SecurityScope {

    private final SecurityContextHolderStrategy holder;

    SecurityScope(ListableBeanFactory beans) {
        this.holder = beans.getBeanProvider(SecurityContextHolderStrategy.class)
                .getIfUnique(SecurityContextHolder::getContextHolderStrategy);
    }

    /** A principal that is no authentication, or none, leaves the context empty: nobody inherits another one's. */
    HandlerListener.Scope open(@Nullable Principal principal) {
        SecurityContext before = this.holder.getContext();
        SecurityContext context = this.holder.createEmptyContext();
        if (principal instanceof Authentication authentication) {
            context.setAuthentication(authentication);
        }
        this.holder.setContext(context);
        return () -> {
            if (before.getAuthentication() == null) {
                this.holder.clearContext();
            } else {
                this.holder.setContext(before);
            }
        };
    }
}
