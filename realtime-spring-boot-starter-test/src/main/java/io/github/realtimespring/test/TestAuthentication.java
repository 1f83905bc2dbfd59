package io.github.realtimespring.test;

import java.security.Principal;
import java.util.stream.Stream;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;

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
}
