package io.github.realtimespring.sample;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.security.core.Authentication;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.authentication.rememberme.InvalidCookieException;
import org.springframework.security.web.authentication.rememberme.TokenBasedRememberMeServices;

/**
 * Knows the cookies that were signed out with on this process: another window whose connection ends with the session asks
 * again at once, maybe before the browser has the answer that takes the cookie away, and would be signed in anew.
 */
class RevocableRememberMe extends TokenBasedRememberMeServices {

    private static final int REMEMBERED = 10_000;

    private final Set<String> revoked = Collections.synchronizedSet(Collections.newSetFromMap(new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Boolean> eldest) {
            return size() > REMEMBERED;
        }
    }));

    RevocableRememberMe(String key, UserDetailsService users) {
        super(key, users);
        setAlwaysRemember(true);
    }

    @Override
    public void logout(
            HttpServletRequest request, HttpServletResponse response, @Nullable Authentication authentication) {
        String cookie = extractRememberMeCookie(request);
        if (cookie != null) {
            this.revoked.add(cookie);
        }
        super.logout(request, response, authentication);
    }

    @Override
    protected UserDetails processAutoLoginCookie(
            String[] tokens, HttpServletRequest request, HttpServletResponse response) {
        if (this.revoked.contains(extractRememberMeCookie(request))) {
            throw new InvalidCookieException("signed out");
        }
        return super.processAutoLoginCookie(tokens, request, response);
    }
}
