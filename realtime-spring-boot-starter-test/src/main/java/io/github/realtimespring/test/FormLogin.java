package io.github.realtimespring.test;

import java.io.IOException;
import java.net.CookieManager;
import java.net.HttpCookie;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Fills in a login form as a browser does, with the token against forged requests that the form holds. */
record FormLogin(String path, String user, String password) implements ClientLogin {

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Pattern CSRF_FIELD = Pattern.compile("<input[^>]*name=\"_csrf\"[^>]*>");
    private static final Pattern VALUE = Pattern.compile("value=\"([^\"]*)\"");

    @Override
    public Map<String, String> headers(URI server) throws IOException, InterruptedException {
        URI form = URI.create(server.toString().replaceFirst("/$", "") + this.path);
        CookieManager cookies = new CookieManager();
        HttpClient http = HttpClient.newBuilder()
                .cookieHandler(cookies)
                .connectTimeout(TIMEOUT)
                .build();
        String page =
                http.send(request(form).GET().build(), BodyHandlers.ofString()).body();
        String fields = "username=" + encoded(this.user) + "&password=" + encoded(this.password) + "&_csrf="
                + encoded(csrf(page));
        HttpResponse<String> answer = http.send(
                request(form)
                        .header("Content-Type", "application/x-www-form-urlencoded")
                        .POST(HttpRequest.BodyPublishers.ofString(fields))
                        .build(),
                BodyHandlers.ofString());
        String location = answer.headers().firstValue("Location").orElse("");
        if (answer.statusCode() >= 400 || location.contains("error")) {
            throw new ConnectFailedError(
                    this.user + " could not log in at " + form + ": the answer was " + answer.statusCode()
                            + (location.isEmpty() ? "" : " to " + location),
                    answer.statusCode(),
                    null);
        }
        // Another token protects what is sent within the session that began.
        String token = csrf(
                http.send(request(form).GET().build(), BodyHandlers.ofString()).body());
        String all = cookies.getCookieStore().get(form).stream()
                .map(HttpCookie::toString)
                .collect(Collectors.joining("; "));
        return token.isEmpty() ? Map.of("Cookie", all) : Map.of("Cookie", all, "X-CSRF-TOKEN", token);
    }

    private static HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(TIMEOUT).header("Accept", "text/html");
    }

    private static String csrf(String page) {
        Matcher field = CSRF_FIELD.matcher(page);
        if (!field.find()) {
            return "";
        }
        Matcher value = VALUE.matcher(field.group());
        return value.find() ? value.group(1) : "";
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Never shows the password. */
    @Override
    public String toString() {
        return "FormLogin[" + this.path + ", " + this.user + "]";
    }
}
