package io.github.realtimespring.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.URI;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OriginPolicyTests {

    private static HandshakeRequest request(String... origins) {
        Map<String, List<String>> headers = origins.length == 0 ? Map.of() : Map.of("origin", List.of(origins));
        return request(headers);
    }

    private static HandshakeRequest request(Map<String, List<String>> headers) {
        return new HandshakeRequest(URI.create("https://app.example.com/realtime/ws"), headers, null);
    }

    private static boolean allows(String origin, String... allowed) {
        return new OriginPolicy(List.of(allowed)).allows(request(origin));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://app.example.com", "https://app.example.com:443", "HTTPS://App.Example.Com"})
    void aPageOfTheOwnOriginMayConnect(String origin) {
        assertThat(allows(origin)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "null",
                "",
                "https://evil.com",
                "http://app.example.com",
                "https://app.example.com:8443",
                "https://app.example.com.evil.com",
                "https://evilapp.example.com",
                "https://sub.app.example.com",
                "https://app.example.com@evil.com",
                "https://evil.com#app.example.com",
                "https://evil.com/https://app.example.com",
                "https://app.example.com/",
                "https://app.example.com https://evil.com",
                "https://app.example.com,https://evil.com",
                "https://app.example.com\\.evil.com",
                "https://app.example.com%00.evil.com",
                "https://app.example.com:443x",
                "//app.example.com",
                "app.example.com",
                "javascript://app.example.com",
                "file://",
                "*"
            })
    void nobodyElseMayConnectByDefault(String origin) {
        assertThat(allows(origin)).isFalse();
    }

    @Test
    void listedOriginsMayConnectBesidesTheOwnOne() {
        String[] allowed = {"https://other.example.org", "http://localhost:5173", "https://[::1]:9000"};
        assertThat(allows("https://other.example.org", allowed)).isTrue();
        assertThat(allows("https://other.example.org:443", allowed)).isTrue();
        assertThat(allows("http://localhost:5173", allowed)).isTrue();
        assertThat(allows("https://[::1]:9000", allowed)).isTrue();
        assertThat(allows("https://app.example.com", allowed)).isTrue();
        assertThat(allows("http://localhost", allowed)).isFalse();
        assertThat(allows("https://other.example.org.evil.com", allowed)).isFalse();
        assertThat(allows("null", allowed)).isFalse();
    }

    @Test
    void theStarStandsForEveryOriginButNull() {
        assertThat(allows("https://evil.com", "*")).isTrue();
        assertThat(allows("null", "*")).isFalse();
    }

    @Test
    void twoOriginsAreRefused() {
        assertThat(new OriginPolicy(List.of("*")).allows(request("https://app.example.com", "https://app.example.com")))
                .isFalse();
    }

    @Test
    void aRequestWithoutOriginMayConnectUnlessItComesFromAnotherSite() {
        OriginPolicy policy = new OriginPolicy(List.of());
        assertThat(policy.allows(request())).isTrue();
        assertThat(policy.allows(request(Map.of("Sec-Fetch-Site", List.of("same-origin")))))
                .isTrue();
        assertThat(policy.allows(request(Map.of("Sec-Fetch-Site", List.of("cross-site")))))
                .isFalse();
    }

    @Test
    void hostsThatAreNoDomainNamesAreOriginsToo() {
        for (String own : List.of("http://my_host:8080", "http://[::1]:9000", "http://127.0.0.1")) {
            HandshakeRequest request =
                    new HandshakeRequest(URI.create(own + "/realtime/ws"), Map.of("Origin", List.of(own)), null);
            assertThat(new OriginPolicy(List.of()).allows(request)).as(own).isTrue();
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"app.example.com", "https://*.example.com", "https://app.example.com/", "null", "https://a b"})
    void anEntryThatIsNoOriginIsRefusedWithAdvice(String entry) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OriginPolicy(List.of(entry)))
                .withMessage("'" + entry
                        + "' is not an origin; write scheme, host and port only, such as https://app.example.com");
    }
}
