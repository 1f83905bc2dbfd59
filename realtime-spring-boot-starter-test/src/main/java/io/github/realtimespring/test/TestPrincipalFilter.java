package io.github.realtimespring.test;

import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletRequestWrapper;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.security.Principal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.util.ClassUtils;
import org.springframework.web.filter.OncePerRequestFilter;

/**
 * Makes requests with a ticket those of its principal, before the application's security looks at them: what that user
 * may do is still for it to say.
 */
final class TestPrincipalFilter extends OncePerRequestFilter {

    private static final boolean SECURITY = ClassUtils.isPresent(
            "org.springframework.security.web.context.RequestAttributeSecurityContextRepository",
            TestPrincipalFilter.class.getClassLoader());

    private final TestPrincipals principals;

    TestPrincipalFilter(TestPrincipals principals) {
        this.principals = principals;
    }

    @Override
    protected void doFilterInternal(HttpServletRequest request, HttpServletResponse response, FilterChain chain)
            throws ServletException, IOException {
        Optional<Principal> known = this.principals.find(request.getHeader(TestPrincipals.HEADER));
        if (known == null) {
            chain.doFilter(request, response);
            return;
        }
        Principal principal = known.orElse(null);
        if (SECURITY) {
            TestAuthentication.admit(request, response, principal);
        }
        chain.doFilter(principal == null ? request : new Known(request, principal), response);
    }

    private static final class Known extends HttpServletRequestWrapper {

        private final Principal principal;

        Known(HttpServletRequest request, Principal principal) {
            super(request);
            this.principal = principal;
        }

        @Override
        public @Nullable String getRemoteUser() {
            return this.principal.getName();
        }

        @Override
        public Principal getUserPrincipal() {
            return this.principal;
        }
    }
}
