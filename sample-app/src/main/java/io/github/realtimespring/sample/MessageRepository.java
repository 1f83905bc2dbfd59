package io.github.realtimespring.sample;

import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Repository;

/** The last messages of every project, in memory. */
@Repository
class MessageRepository {

    static final int KEPT = 50;

    private final Map<Long, Deque<Message>> messages = new HashMap<>();
    private long sequence;

    synchronized Message save(long projectId, String from, String text) {
        Message message = new Message("m" + ++this.sequence, from, text, Instant.now());
        Deque<Message> all = this.messages.computeIfAbsent(projectId, id -> new ArrayDeque<>());
        if (all.size() == KEPT) {
            all.removeFirst();
        }
        all.addLast(message);
        return message;
    }

    /** The oldest first. */
    synchronized List<Message> latest(long projectId) {
        return List.copyOf(this.messages.getOrDefault(projectId, new ArrayDeque<>()));
    }
}
