package io.github.realtimespring.protocol;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Continues stages without leaving application code on the thread of whoever completed them. */
final class Stages {

    /** One that is complete. */
    static final CompletionStage<@Nullable Void> DONE = CompletableFuture.completedFuture(null);

    private Stages() {}

    static <T extends @Nullable Object> CompletionStage<T> done(T value) {
        return CompletableFuture.completedFuture(value);
    }

    /** Goes on at once if {@code stage} is complete, on {@code executor} when it will be. */
    static <T extends @Nullable Object, R extends @Nullable Object> CompletionStage<R> then(
            CompletionStage<T> stage, Executor executor, Function<? super T, ? extends CompletionStage<R>> next) {
        return stage.toCompletableFuture().isDone()
                ? stage.thenCompose(next::apply)
                : stage.thenComposeAsync(next::apply, executor);
    }

    /** The failure itself, without what stages wrap it in. */
    static Throwable unwrap(Throwable failure) {
        Throwable cause = failure.getCause();
        return failure instanceof CompletionException && cause != null ? unwrap(cause) : failure;
    }
}
