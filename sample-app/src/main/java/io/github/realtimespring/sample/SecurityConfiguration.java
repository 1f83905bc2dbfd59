package io.github.realtimespring.sample;

import jakarta.servlet.DispatcherType;
import java.util.List;
import java.util.UUID;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.http.HttpStatus;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.provisioning.InMemoryUserDetailsManager;
import org.springframework.security.web.AuthenticationEntryPoint;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.DelegatingAuthenticationEntryPoint;
import org.springframework.security.web.authentication.HttpStatusEntryPoint;
import org.springframework.security.web.authentication.LoginUrlAuthenticationEntryPoint;
import org.springframework.security.web.csrf.CookieCsrfTokenRepository;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * Ordinary Spring Security. The WebSocket handshake is one of the requests that need a login: the connection's user is
 * the one of the session cookie. Where several instances have one key, a second cookie tells each of them who it is that
 * signed in at another one, so that no request has to come back to the instance of the one before.
 */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {

    private static final String LOGIN = "/login.html";
    private static final String[] OPEN = {LOGIN, "/*.js", "/*.css", "/favicon.svg", "/csrf", "/realtime/client/**"};
    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

    @Bean
    SecurityFilterChain pageSecurity(
            HttpSecurity http, UserDetailsService users, @Value("${sample.remember-me-key:}") String key) {
        return http.authorizeHttpRequests(access -> access.dispatcherTypeMatchers(DispatcherType.ERROR)
                        .permitAll()
                        .requestMatchers(OPEN)
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .formLogin(form -> form.loginPage(LOGIN)
                        .loginProcessingUrl("/login")
                        .defaultSuccessUrl("/", true)
                        .failureUrl(LOGIN + "?error"))
                .rememberMe(remember -> remember.rememberMeServices(new RevocableRememberMe(
                        key.isEmpty() ? UUID.randomUUID().toString() : key, users)))
                .csrf(csrf -> csrf.csrfTokenRepository(new CookieCsrfTokenRepository()))
                .logout(logout -> logout.logoutSuccessUrl(LOGIN + "?logout"))
                .exceptionHandling(errors -> errors.authenticationEntryPoint(entryPoint()))
                .headers(headers -> headers.contentSecurityPolicy(csp -> csp.policyDirectives(CONTENT_SECURITY_POLICY)))
                .build();
    }

    /** Pages lead to the login; what scripts ask for is answered 401. */
    private static AuthenticationEntryPoint entryPoint() {
        PathPatternRequestMatcher.Builder path = PathPatternRequestMatcher.withDefaults();
        AuthenticationEntryPoint unauthorized = new HttpStatusEntryPoint(HttpStatus.UNAUTHORIZED);
        return DelegatingAuthenticationEntryPoint.builder()
                .addEntryPointFor(unauthorized, path.matcher("/me"))
                .addEntryPointFor(unauthorized, path.matcher("/realtime/**"))
                .defaultEntryPoint(new LoginUrlAuthenticationEntryPoint(LOGIN))
                .build();
    }

    /** For {@code curl -u alice:demo}. */
    @Bean
    @Order(1)
    SecurityFilterChain actuatorSecurity(HttpSecurity http) {
        return http.securityMatcher("/actuator/**")
                .authorizeHttpRequests(access -> access.requestMatchers("/actuator/health")
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .csrf(csrf -> csrf.csrfTokenRepository(new CookieCsrfTokenRepository()))
                .httpBasic(Customizer.withDefaults())
                .build();
    }

    /**
     * Demo users. Never store passwords like this. Only their loading is exposed: a manager would encode the password
     * anew at the first login, differently on each instance, and the cookie that all of them are to know is signed with it.
     */
    @Bean
    UserDetailsService users(@Value("${sample.users}") List<String> names) {
        return new InMemoryUserDetailsManager(
                names.stream().map(SecurityConfiguration::demoUser).toList())::loadUserByUsername;
    }

    private static UserDetails demoUser(String name) {
        return User.withUsername(name).password("{noop}demo").roles("MEMBER").build();
    }
}
