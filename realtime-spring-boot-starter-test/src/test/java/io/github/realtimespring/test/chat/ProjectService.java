package io.github.realtimespring.test.chat;

import org.springframework.stereotype.Service;

@Service
class ProjectService {

    boolean isMember(long projectId, String user) {
        throw new IllegalStateException("no slice loads services");
    }

    String name(long projectId) {
        throw new IllegalStateException("no slice loads services");
    }
}
