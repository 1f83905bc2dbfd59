package io.github.realtimespring.sample;

import java.security.Principal;
import java.util.List;
import org.springframework.security.web.csrf.CsrfToken;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** The little that the page asks for over HTTP. */
@RestController
class PageController {

    record Csrf(String parameterName, String headerName, String token) {}

    record Me(String name, List<Project> projects) {}

    private final ProjectService projects;

    PageController(ProjectService projects) {
        this.projects = projects;
    }

    @GetMapping("/csrf")
    Csrf csrf(CsrfToken token) {
        return new Csrf(token.getParameterName(), token.getHeaderName(), token.getToken());
    }

    @GetMapping("/me")
    Me me(Principal user) {
        return new Me(user.getName(), this.projects.projectsOf(user.getName()));
    }
}
