package io.github.realtimespring.sample;

import java.util.List;
import java.util.Set;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.stereotype.Service;

/** Who works on what. A real application asks its database. */
@Service
class ProjectService {

    private record Team(Project project, Set<String> members) {}

    private final List<Team> teams;

    /** @param everybody who may sign in */
    ProjectService(@Value("${sample.users}") Set<String> everybody) {
        this.teams = List.of(
                new Team(new Project(42, "Apollo"), Set.of("alice", "bob")),
                new Team(new Project(7, "Borealis"), Set.of("alice", "carol")),
                new Team(new Project(44, "Cygnus"), everybody));
    }

    boolean isMember(long projectId, String user) {
        return projectsOf(user).stream().anyMatch(project -> project.id() == projectId);
    }

    List<Project> projectsOf(String user) {
        return this.teams.stream()
                .filter(team -> team.members().contains(user))
                .map(Team::project)
                .toList();
    }

    /** A project that exists. */
    Project project(long projectId) {
        return this.teams.stream()
                .map(Team::project)
                .filter(project -> project.id() == projectId)
                .findFirst()
                .orElseThrow();
    }
}
