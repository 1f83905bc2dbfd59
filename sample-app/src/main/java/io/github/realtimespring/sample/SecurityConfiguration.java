package io.github.realtimespring.sample;

import jakarta.servlet.DispatcherType;
import java.util.stream.Stream;
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
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.authentication.HttpStatusEntryPoint;
import org.springframework.security.web.servlet.util.matcher.PathPatternRequestMatcher;

/**
 * Ordinary Spring Security. The WebSocket handshake is one of the requests that need a login: the connection's user is
 * the one of the session cookie.
 */
@Configuration(proxyBeanMethods = false)
class SecurityConfiguration {

    private static final String CONTENT_SECURITY_POLICY =
            "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

    @Bean
    SecurityFilterChain pageSecurity(HttpSecurity http) {
        PathPatternRequestMatcher.Builder path = PathPatternRequestMatcher.withDefaults();
        return http.authorizeHttpRequests(access -> access.dispatcherTypeMatchers(DispatcherType.ERROR)
                        .permitAll()
                        .requestMatchers("/login.html", "/*.js", "/*.css", "/favicon.svg", "/csrf")
                        .permitAll()
                        .requestMatchers("/realtime/client/**")
                        .permitAll()
                        .anyRequest()
                        .authenticated())
                .formLogin(form -> form.loginPage("/login.html")
                        .loginProcessingUrl("/login")
                        .defaultSuccessUrl("/", true)
                        .failureUrl("/login.html?error"))
                .logout(logout -> logout.logoutSuccessUrl("/login.html?logout"))
                // What scripts ask for is answered 401, not with the login page.
                .exceptionHandling(errors -> Stream.of("/me", "/realtime/**")
                        .map(path::matcher)
                        .forEach(scripts -> errors.defaultAuthenticationEntryPointFor(
                                new HttpStatusEntryPoint(HttpStatus.UNAUTHORIZED), scripts)))
                .headers(headers -> headers.contentSecurityPolicy(csp -> csp.policyDirectives(CONTENT_SECURITY_POLICY)))
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
                .httpBasic(Customizer.withDefaults())
                .build();
    }

    /** Demo users. Never store passwords like this. */
    @Bean
    UserDetailsService users() {
        return new InMemoryUserDetailsManager(Stream.of("alice", "bob", "carol")
                .map(SecurityConfiguration::demoUser)
                .toList());
    }

    private static UserDetails demoUser(String name) {
        return User.withUsername(name).password("{noop}demo").roles("MEMBER").build();
    }
}
