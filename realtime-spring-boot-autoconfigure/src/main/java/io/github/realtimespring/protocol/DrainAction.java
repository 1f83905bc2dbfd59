package io.github.realtimespring.protocol;

import java.util.concurrent.CompletionStage;

/**
 * Something that is done at a step of a {@link Drain}, such as telling the store that this node is leaving. The drain does
 * not go on before it is done, for two seconds; what fails or takes longer is logged and holds nothing up.
 * Beans of this type are used in their order, those of one step at the same time.
 *
 * @since 0.1.0
 */
public interface DrainAction {

    /** In the log, such as {@code presence}. */
    String name();

    /**
     * Behind which step it is done: {@link Drain.Step#REFUSING}, before the first client is told and closed, or
     * {@link Drain.Step#FLUSHING}, when the last one is gone.
     */
    Drain.Step after();

    /** Called on the thread of the drain; does not wait. */
    CompletionStage<?> run();

    /** The drain was called off. */
    default void undo() {}
}
