package io.github.realtimespring.sample;

import java.util.List;

/** What the page draws when it has joined; events go on from here. */
record ProjectState(Project project, String me, ServedBy servedBy, List<Message> messages, List<Approval> approvals) {}
