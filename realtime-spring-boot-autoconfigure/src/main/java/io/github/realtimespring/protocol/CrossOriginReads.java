package io.github.realtimespring.protocol;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.web.cors.CorsConfiguration;

/**
 * Lets pages of other origins read the answers, credentials included: those that may connect may also see what they get.
 * Who else asks is answered by {@link OriginPolicy}.
 *
 * @since 0.1.0
 */
public final class CrossOriginReads {

    private CrossOriginReads() {}

    /**
     * What each path allows, for either web stack's mapping. A WebSocket needs none of it.
     *
     * @param paths of the protocol, below the base path or not
     * @param origins as {@link OriginPolicy} has them; {@code *} for all
     */
    public static Map<String, CorsConfiguration> of(Collection<String> paths, List<String> origins) {
        CorsConfiguration cors = new CorsConfiguration();
        origins.forEach(cors::addAllowedOriginPattern);
        cors.setAllowCredentials(true);
        cors.setAllowedMethods(List.of("GET", "POST"));
        cors.addAllowedHeader("*");
        cors.setExposedHeaders(List.of(ClientHeaders.CURSOR, "Retry-After"));
        Map<String, CorsConfiguration> all = new LinkedHashMap<>();
        paths.stream().filter(path -> !path.endsWith("/ws")).forEach(path -> all.put(path, cors));
        return all;
    }
}
