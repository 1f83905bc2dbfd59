package io.github.realtimespring.history;

import io.github.realtimespring.RoutingKey;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Which publishes with an idempotency key are under way or over, and what they were answered (SPEC §6). Where nodes share
 * their history they share this, so that a repeat that reaches another node is not handled a second time.
 *
 * <ol>
 *   <li>No method waits, and every stage completes within the publish timeout. One that fails says that nothing is known.
 *   <li>Of those who claim a scope one gets it, {@code MINE}, and the others {@code TAKEN}, until it answers, releases it
 *       or lets its lease end; a claim by the holder begins the lease anew.
 *   <li>The first answer stays the answer, and everybody who claims gets it, {@code ANSWERED}, for one window.
 *   <li>A scope that was released, or whose lease ended, keeps its event id for one window: whoever gets it next publishes
 *       under the same id.
 *   <li>What is claimed is never forgotten to make place for something else.
 * </ol>
 *
 * <p>{@code IdempotencyStoreContract} in the test starter asks for the rules. Implementations are thread-safe.
 *
 * @since 0.1.0
 */
public interface IdempotencyStore {

    /**
     * Where a key is unique.
     *
     * @param client the user, or the session of an anonymous client
     * @param room the room, with its tenant
     * @param event the name of the event that the client sends
     * @param key what the client chose
     */
    record Scope(String client, RoutingKey room, String event, String key) {}

    /** Whose a scope is. */
    enum State {
        /** The caller's: it is to publish. */
        MINE,
        /** Somebody else's, who has not answered yet. */
        TAKEN,
        /** Nobody's any more: there is an answer. */
        ANSWERED
    }

    /**
     * What a claim found.
     *
     * @param eventId the id that the event is, or was, published under
     * @param answer what the first publish was answered, if the state is {@code ANSWERED}
     */
    record Claim(State state, String eventId, byte @Nullable [] answer) {}

    /**
     * Claims a scope, or says once more that it is still needed.
     *
     * @param holder names the attempt: unique
     * @param eventId the id to publish under if the scope has none yet
     */
    CompletionStage<Claim> claim(Scope scope, String holder, String eventId);

    /** Remembers an answer, unless there is one. */
    CompletionStage<Void> answer(Scope scope, String eventId, byte[] answer);

    /** Gives a scope back without an answer, if it is the holder's. */
    CompletionStage<Void> release(Scope scope, String holder, String eventId);
}
