package io.github.realtimespring.handler;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import java.lang.reflect.Method;
import java.security.Principal;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.invocation.HandlerMethodArgumentResolverComposite;
import org.springframework.messaging.handler.invocation.InvocableHandlerMethod;

/** One handler method, ready to be called. */
final class RoomMethod {

    /** What a method is for. */
    enum Kind {
        ACCESS,
        JOINED,
        EVENT,
        LEFT;

        String wireName() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /** What every method is called with. */
    record Environment(
            HandlerMethodArgumentResolverComposite arguments,
            @Nullable SecurityScope security,
            HandlerListener listener,
            Executor executor,
            Duration timeout) {}

    private static final Object TIMED_OUT = new Object();

    private final HandlerDescription description;
    private final HandlerBean bean;
    private final Method method;
    private final Environment environment;
    private volatile @Nullable Invocable invocable;

    RoomMethod(HandlerDescription description, HandlerBean bean, Method method, Environment environment) {
        this.description = description;
        this.bean = bean;
        this.method = method;
        this.environment = environment;
    }

    HandlerDescription description() {
        return this.description;
    }

    HandlerBean bean() {
        return this.bean;
    }

    Method method() {
        return this.method;
    }

    /**
     * Fetches the bean.
     *
     * @throws IllegalStateException if it is a proxy that does not have the method
     */
    Invocable resolve() {
        Invocable known = this.invocable;
        if (known == null) {
            known = invocable(this.method);
            if (this.bean.isSingleton()) {
                this.invocable = known;
            }
        }
        return known;
    }

    private Invocable invocable(Method method) {
        Object instance = this.bean.instance();
        Invocable made = new Invocable(instance, AopUtils.selectInvocableMethod(method, instance.getClass()));
        made.setMessageMethodArgumentResolvers(this.environment.arguments());
        return made;
    }

    /**
     * Calls the method on this thread. What it throws, what its stage fails with and what its exception handlers make of
     * it arrives as a {@link RealtimeException}. Dependents of the stage may run on any thread.
     */
    CompletionStage<@Nullable Object> invoke(RoomMessage message) {
        return run(message, true, invocable -> invocable.call(invocable.arguments(message)));
    }

    /** Asks the method's security whether it would let the call through. */
    CompletionStage<@Nullable Object> ask(RoomMessage message) {
        CompletableFuture<@Nullable Object> answer = new CompletableFuture<>();
        run(
                        message,
                        false,
                        invocable ->
                                MethodSecurity.ask(this.bean.instance(), this.method, invocable.arguments(message)))
                .whenComplete((value, failure) -> {
                    if (failure == null) {
                        answer.completeExceptionally(new RealtimeException(ErrorCode.FORBIDDEN, "access denied"));
                    } else if (HandlerFailures.unwrap(failure) instanceof RealtimeException refused
                            && !(refused.getCause() instanceof MethodSecurity.LetThrough)) {
                        answer.completeExceptionally(refused);
                    } else {
                        answer.complete(null);
                    }
                });
        return answer;
    }

    /** One use of the method. */
    @FunctionalInterface
    private interface Use {
        @Nullable
        Object with(Invocable invocable) throws Throwable;
    }

    private CompletionStage<@Nullable Object> run(RoomMessage message, boolean told, Use use) {
        RoomCall call = message.call();
        HandlerListener.Call listening = told
                ? this.environment.listener().started(this.description, call)
                : HandlerListener.none().started(this.description, call);
        CompletableFuture<@Nullable Object> result = new CompletableFuture<>();
        CompletionStage<@Nullable Object> stage;
        Principal principal = call.connection().principal();
        try (HandlerListener.Scope current = CurrentCall.open(call);
                HandlerListener.Scope security = openSecurity(principal);
                HandlerListener.Scope observed = listening.open()) {
            stage = ReturnValues.stage(use.with(resolve()), principal);
        } catch (Throwable failure) {
            fail(message, failure, listening, result);
            return result;
        }
        boolean done = stage instanceof CompletableFuture<?> future && future.isDone();
        (done ? stage : bounded(stage)).whenComplete((value, failure) -> {
            if (value == TIMED_OUT) {
                RealtimeException late = new RealtimeException(ErrorCode.TIMEOUT, "the handler took too long");
                listening.finished(late, late);
                result.completeExceptionally(late);
            } else if (failure == null) {
                listening.finished(null, null);
                result.complete(value);
            } else if (done) {
                fail(message, failure, listening, result);
            } else {
                failElsewhere(message, failure, listening, result);
            }
        });
        return result;
    }

    private CompletionStage<@Nullable Object> bounded(CompletionStage<@Nullable Object> stage) {
        CompletableFuture<@Nullable Object> bounded = new CompletableFuture<>();
        stage.whenComplete((value, failure) -> {
            if (failure == null) {
                bounded.complete(value);
            } else {
                bounded.completeExceptionally(failure);
            }
        });
        return bounded.completeOnTimeout(TIMED_OUT, this.environment.timeout().toNanos(), TimeUnit.NANOSECONDS);
    }

    /** A stage may fail on an event loop, where the application's exception handlers do not belong. */
    private void failElsewhere(
            RoomMessage message,
            Throwable failure,
            HandlerListener.Call listening,
            CompletableFuture<@Nullable Object> result) {
        if (this.bean.exceptionHandler(HandlerFailures.unwrap(failure)) == null) {
            fail(message, failure, listening, result);
            return;
        }
        try {
            this.environment.executor().execute(() -> fail(message, failure, listening, result));
        } catch (RuntimeException rejected) {
            answer(failure, failure, false, listening, result);
        }
    }

    private void fail(
            RoomMessage message,
            Throwable thrown,
            HandlerListener.Call listening,
            CompletableFuture<@Nullable Object> result) {
        boolean resolving = thrown instanceof Unresolved;
        Throwable failure = HandlerFailures.unwrap(resolving && thrown.getCause() != null ? thrown.getCause() : thrown);
        Method handler = failure instanceof MethodSecurity.LetThrough ? null : this.bean.exceptionHandler(failure);
        if (handler == null) {
            answer(failure, failure, resolving, listening, result);
            return;
        }
        handle(handler, message, failure).whenComplete((value, another) -> {
            if (another != null) {
                answer(HandlerFailures.unwrap(another), failure, false, listening, result);
            } else if (value instanceof RealtimeException error) {
                answer(error, failure, false, listening, result);
            } else {
                answer(failure, failure, resolving, listening, result);
            }
        });
    }

    private CompletionStage<@Nullable Object> handle(Method handler, RoomMessage message, Throwable failure) {
        Principal principal = message.call().connection().principal();
        List<Object> provided = new ArrayList<>();
        for (Throwable cause = failure; cause != null && !provided.contains(cause); cause = cause.getCause()) {
            provided.add(cause);
        }
        try (HandlerListener.Scope current = CurrentCall.open(message.call());
                HandlerListener.Scope security = openSecurity(principal)) {
            return ReturnValues.stage(invocable(handler).invoke(message, provided.toArray()), principal);
        } catch (Throwable another) {
            return CompletableFuture.failedFuture(another);
        }
    }

    private void answer(
            Throwable failure,
            Throwable cause,
            boolean resolving,
            HandlerListener.Call listening,
            CompletableFuture<@Nullable Object> result) {
        RealtimeException answer = failure instanceof MethodSecurity.LetThrough
                ? new RealtimeException(ErrorCode.INTERNAL, "", failure)
                : HandlerFailures.answer(failure, resolving, this.description.method());
        listening.finished(answer, cause);
        result.completeExceptionally(answer);
    }

    private HandlerListener.Scope openSecurity(@Nullable Principal principal) {
        SecurityScope security = this.environment.security();
        return security == null ? () -> {} : security.open(principal);
    }

    /** Marks what failed while the arguments were made. */
    private static final class Unresolved extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Unresolved(Throwable cause) {
            super("", cause, false, false);
        }
    }

    /** Spring's invocation in its two steps. */
    static final class Invocable extends InvocableHandlerMethod {

        Invocable(Object bean, Method method) {
            super(bean, method);
        }

        @Nullable
        Object[] arguments(Message<?> message) {
            try {
                return getMethodArgumentValues(message);
            } catch (Exception ex) {
                throw new Unresolved(ex);
            }
        }

        @Nullable
        Object call(@Nullable Object[] arguments) throws Exception {
            return doInvoke(arguments);
        }
    }
}
