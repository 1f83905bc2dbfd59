package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.protocol.JwtTokenAuthenticator;
import io.github.realtimespring.protocol.OpaqueTokenAuthenticator;
import io.github.realtimespring.protocol.ReactiveJwtTokenAuthenticator;
import io.github.realtimespring.protocol.ReactiveOpaqueTokenAuthenticator;
import io.github.realtimespring.protocol.RealtimeTokenAuthenticator;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import org.springframework.security.oauth2.server.resource.authentication.JwtAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.authentication.ReactiveJwtAuthenticationConverter;
import org.springframework.security.oauth2.server.resource.authentication.ReactiveJwtAuthenticationConverterAdapter;
import org.springframework.security.oauth2.server.resource.introspection.OpaqueTokenIntrospector;
import org.springframework.security.oauth2.server.resource.introspection.ReactiveOpaqueTokenIntrospector;
import reactor.core.publisher.Mono;

/**
 * {@linkplain org.springframework.boot.autoconfigure.EnableAutoConfiguration Auto-configuration} of bearer tokens: they are
 * checked by what the application's resource server checks them with.
 *
 * @since 0.1.0
 */
@AutoConfiguration(
        afterName = {
            "org.springframework.boot.security.oauth2.server.resource.autoconfigure.OAuth2ResourceServerAutoConfiguration",
            "org.springframework.boot.security.oauth2.server.resource.autoconfigure.web.OAuth2ResourceServerWebSecurityAutoConfiguration",
            "org.springframework.boot.security.oauth2.server.resource.autoconfigure.reactive.ReactiveOAuth2ResourceServerAutoConfiguration"
        })
@ConditionalOnBooleanProperty(name = "realtime.enabled", matchIfMissing = true)
@ConditionalOnClass(
        name = {"tools.jackson.databind.json.JsonMapper", "org.springframework.security.core.Authentication"})
public final class RealtimeSecurityAutoConfiguration {

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({JwtDecoder.class, JwtAuthenticationConverter.class})
    static class JwtConfiguration {

        @Bean
        @ConditionalOnBean(JwtDecoder.class)
        @ConditionalOnMissingBean(RealtimeTokenAuthenticator.class)
        JwtTokenAuthenticator realtimeJwtAuthenticator(
                JwtDecoder decoder, ObjectProvider<JwtAuthenticationConverter> converters) {
            return new JwtTokenAuthenticator(decoder, converters.getIfUnique(JwtAuthenticationConverter::new));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ReactiveJwtDecoder.class, ReactiveJwtAuthenticationConverterAdapter.class, Mono.class})
    static class ReactiveJwtConfiguration {

        @Bean
        @ConditionalOnBean(ReactiveJwtDecoder.class)
        @ConditionalOnMissingBean(RealtimeTokenAuthenticator.class)
        ReactiveJwtTokenAuthenticator realtimeReactiveJwtAuthenticator(
                ReactiveJwtDecoder decoder, ObjectProvider<ReactiveJwtAuthenticationConverter> converters) {
            ReactiveJwtAuthenticationConverter own = converters.getIfUnique();
            return new ReactiveJwtTokenAuthenticator(
                    decoder,
                    own != null
                            ? own
                            : new ReactiveJwtAuthenticationConverterAdapter(new JwtAuthenticationConverter()));
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass(OpaqueTokenIntrospector.class)
    static class OpaqueTokenConfiguration {

        @Bean
        @ConditionalOnBean(OpaqueTokenIntrospector.class)
        @ConditionalOnMissingBean(RealtimeTokenAuthenticator.class)
        OpaqueTokenAuthenticator realtimeOpaqueTokenAuthenticator(OpaqueTokenIntrospector introspector) {
            return new OpaqueTokenAuthenticator(introspector);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({ReactiveOpaqueTokenIntrospector.class, Mono.class})
    static class ReactiveOpaqueTokenConfiguration {

        @Bean
        @ConditionalOnBean(ReactiveOpaqueTokenIntrospector.class)
        @ConditionalOnMissingBean(RealtimeTokenAuthenticator.class)
        ReactiveOpaqueTokenAuthenticator realtimeReactiveOpaqueTokenAuthenticator(
                ReactiveOpaqueTokenIntrospector introspector) {
            return new ReactiveOpaqueTokenAuthenticator(introspector);
        }
    }
}
