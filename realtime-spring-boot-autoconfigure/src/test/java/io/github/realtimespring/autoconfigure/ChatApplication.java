package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.handler.Room;
import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import io.github.realtimespring.handler.annotation.RoomJoined;
import io.github.realtimespring.handler.annotation.RoomLeft;
import io.github.realtimespring.handler.annotation.RoomVariable;
import io.github.realtimespring.room.LeaveReason;
import java.security.Principal;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.client.ReactorResourceFactory;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.userdetails.ReactiveUserDetailsService;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.core.userdetails.UserDetails;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.crypto.password.PasswordEncoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.server.SecurityWebFilterChain;
import reactor.core.publisher.Mono;

/** A small application as a user would write it. */
@SpringBootConfiguration
@EnableAutoConfiguration
@Import(ChatApplication.ProjectRoom.class)
class ChatApplication {

    /** Not managers in memory: those would turn the passwords into bcrypt, which costs more than the rest of a handshake. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.SERVLET)
    static class ServletSecurity {

        @Bean
        SecurityFilterChain security(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                    .httpBasic(Customizer.withDefaults())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }

        @Bean
        UserDetailsService users() {
            return ChatApplication::user;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
    static class ReactiveSecurity {

        @Bean
        SecurityWebFilterChain security(ServerHttpSecurity http) {
            return http.authorizeExchange(requests -> requests.anyExchange().authenticated())
                    .httpBasic(Customizer.withDefaults())
                    .csrf(csrf -> csrf.disable())
                    .build();
        }

        /** Its own event loops: those of the JVM end with the first of two applications. */
        @Bean
        ReactorResourceFactory loops() {
            ReactorResourceFactory resources = new ReactorResourceFactory();
            resources.setUseGlobalResources(false);
            resources.setShutdownQuietPeriod(Duration.ZERO);
            return resources;
        }

        @Bean
        ReactiveUserDetailsService users() {
            return name -> Mono.just(user(name));
        }

        /** The default one would encode the password anew at each request, which takes a tenth of a second. */
        @Bean
        PasswordEncoder passwords() {
            return new PasswordEncoder() {

                @Override
                public String encode(CharSequence password) {
                    return "{noop}" + password;
                }

                @Override
                public boolean matches(CharSequence password, String encoded) {
                    return encoded.equals(encode(password));
                }
            };
        }
    }

    private static UserDetails user(String name) {
        return User.withUsername(name).password("{noop}secret").roles("USER").build();
    }

    record Say(String text) {}

    @RealtimeEvent(name = "message.created", delivery = Delivery.RECOVERABLE)
    record Message(long projectId, String from, String text) {}

    @RealtimeEvent(name = "typing", delivery = Delivery.EPHEMERAL, coalesceBy = "user")
    record Typing(String user) {}

    record State(long projectId) {}

    @RoomController("project:{projectId}")
    static class ProjectRoom {

        final List<String> left = new CopyOnWriteArrayList<>();

        @RoomAccess
        boolean mayEnter(@RoomVariable long projectId, Principal user) {
            return !user.getName().equals("eve");
        }

        @RoomJoined
        State joined(@RoomVariable long projectId) {
            return new State(projectId);
        }

        @RoomEvent("message.send")
        @Broadcast("message.created")
        Message send(@RoomVariable long projectId, Say say, Principal user) {
            return new Message(projectId, user.getName(), say.text());
        }

        @RoomEvent("typing")
        void typing(Room room, Principal user) {
            room.others().send(new Typing(user.getName()));
        }

        @RoomEvent("fail")
        void fail() {
            throw new IllegalStateException("secret detail");
        }

        @RoomLeft
        void left(@RoomVariable long projectId, Principal user, LeaveReason reason) {
            this.left.add(user.getName() + " " + reason);
        }
    }
}
