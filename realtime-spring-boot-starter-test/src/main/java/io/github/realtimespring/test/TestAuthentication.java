package io.github.realtimespring.test;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.security.Principal;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.context.SecurityContextImpl;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.web.context.RequestAttributeSecurityContextRepository;
import org.springframework.security.web.csrf.CsrfFilter;

/** Loaded only where Spring Security is. */
final class TestAuthentication {

    private TestAuthentication() {}

    static Principal of(String user, String... roles) {
        User principal = new User(
                user,
                "",
                AuthorityUtils.createAuthorityList(
                        Stream.of(roles).map(role -> "ROLE_" + role).toList()));
        return UsernamePasswordAuthenticationToken.authenticated(principal, null, principal.getAuthorities());
    }

    /** Every filter chain looks for who was authenticated in the request; a ticket cannot be forged by another site. */
    static void admit(HttpServletRequest request, HttpServletResponse response, @Nullable Principal principal) {
        if (principal != null) {
            new RequestAttributeSecurityContextRepository()
                    .saveContext(new SecurityContextImpl(known(principal)), request, response);
        }
        CsrfFilter.skipRequest(request);
    }

    static Authentication known(Principal principal) {
        return principal instanceof Authentication known
                ? known
                : UsernamePasswordAuthenticationToken.authenticated(principal, null, List.of());
    }
}
