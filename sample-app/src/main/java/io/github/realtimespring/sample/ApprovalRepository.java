package io.github.realtimespring.sample;

import io.github.realtimespring.RoomError;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Repository;

/** Approvals of every project, in memory. A decided one makes place for a new one, an open one does not. */
@Repository
class ApprovalRepository {

    static final int KEPT = 50;

    private final Map<Long, Map<String, Approval>> approvals = new HashMap<>();
    private long sequence;

    /** @throws RoomError if too many are open */
    synchronized Approval request(long projectId, String title, String from) {
        Map<String, Approval> all = this.approvals.computeIfAbsent(projectId, id -> new LinkedHashMap<>());
        if (all.size() == KEPT) {
            String decided = all.values().stream()
                    .filter(approval -> approval.decision() != null)
                    .map(Approval::id)
                    .findFirst()
                    .orElseThrow(() -> RoomError.conflict("Too many open approvals: decide one first."));
            all.remove(decided);
        }
        Approval approval = new Approval("a" + ++this.sequence, title, from, null, null);
        all.put(approval.id(), approval);
        return approval;
    }

    /** @throws RoomError if it is not there or was decided before */
    synchronized Approval decide(long projectId, String id, Approval.Decision decision, String by) {
        Map<String, Approval> all = this.approvals.getOrDefault(projectId, Map.of());
        Approval open = all.get(id);
        if (open == null) {
            throw RoomError.notFound("There is no such approval.");
        }
        if (open.decision() != null) {
            throw RoomError.conflict(open.by() + " was faster.");
        }
        Approval decided = new Approval(id, open.title(), open.from(), decision, by);
        all.put(id, decided);
        return decided;
    }

    /** The oldest first. */
    synchronized List<Approval> all(long projectId) {
        return List.copyOf(this.approvals.getOrDefault(projectId, Map.of()).values());
    }
}
