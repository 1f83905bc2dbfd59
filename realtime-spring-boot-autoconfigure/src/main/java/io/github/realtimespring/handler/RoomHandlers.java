package io.github.realtimespring.handler;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.Event;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.fanout.Publication;
import io.github.realtimespring.room.LeaveReason;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import tools.jackson.databind.JsonNode;

/**
 * The handlers of all rooms (SPEC §8): found and checked once, when this is made; nothing is looked up by reflection
 * afterwards.
 *
 * <p>Thread-safe. Methods run on the calling thread, which must be one that may wait; who calls for one connection keeps
 * its calls in order. Returned stages fail with a {@link RealtimeException} and with nothing else; they may complete on
 * any thread, threads of the engine included, so dependents must not wait.
 *
 * @since 0.1.0
 */
public final class RoomHandlers implements SmartInitializingSingleton {

    private static final Logger logger = LoggerFactory.getLogger(RoomHandlers.class);

    private static final CompletionStage<@Nullable Object> NOTHING = CompletableFuture.completedFuture(null);

    private final RealtimeTemplate template;
    private final @Nullable SecurityScope security;
    private final List<RoomMapping> mappings;
    private final Set<String> declared;

    /**
     * @param beans where the handlers are; beans are fetched later
     * @param template sends what handlers broadcast
     * @param rules access rules that are beans of their own
     * @param settings what methods are called with
     * @param listener hears of every call
     * @throws InvalidRoomPatternException if a pattern is not well formed
     * @throws AmbiguousRoomPatternException if two patterns match a common room and neither is more specific
     * @throws DuplicateRoomHandlerException if two methods handle the same thing
     * @throws MissingRoomVariableException if a method asks for a variable that its pattern does not have
     * @throws MissingRoomAccessException if a pattern has no access rule
     * @throws InvalidRoomHandlerException if a method cannot be called as it is written
     * @throws InvalidEventTypeException if an event that is broadcast contradicts itself
     */
    public RoomHandlers(
            ListableBeanFactory beans,
            RealtimeTemplate template,
            List<RoomAccessRule> rules,
            HandlerSettings settings,
            HandlerListener listener) {
        this.template = template;
        this.security = Libraries.SECURITY ? new SecurityScope(beans) : null;
        HandlerArguments arguments = new HandlerArguments(beans, template, settings);
        this.mappings = new RoomMappings(
                        beans,
                        template.types(),
                        arguments,
                        new RoomMethod.Environment(
                                arguments.composite(),
                                this.security,
                                listener,
                                template.executor(),
                                settings.timeout()))
                .find(rules);
        this.declared = names(template.types());
    }

    /**
     * Fetches the beans and checks what can be seen only then.
     *
     * @throws MissingRoomAccessException if a pattern relies on {@code @PreAuthorize} that nobody enforces
     */
    @Override
    public void afterSingletonsInstantiated() {
        for (RoomMapping mapping : this.mappings) {
            methods(mapping).forEach(method -> {
                if (method.bean().isSingleton()) {
                    method.resolve();
                }
            });
            RoomMethod security = mapping.security();
            if (security != null && security.bean().isSingleton() && !isEnforced(security)) {
                throw new MissingRoomAccessException(
                        mapping.pattern().text(),
                        List.of(security.bean().type().getSimpleName()),
                        security.description().method());
            }
        }
    }

    private static boolean isEnforced(RoomMethod method) {
        return MethodSecurity.isEnforced(method.bean().instance(), method.method());
    }

    private static List<RoomMethod> methods(RoomMapping mapping) {
        List<RoomMethod> methods = new ArrayList<>(mapping.access());
        if (mapping.joined() != null) {
            methods.add(mapping.joined());
        }
        mapping.events().values().forEach(event -> methods.add(event.method()));
        if (mapping.left() != null) {
            methods.add(mapping.left());
        }
        return methods;
    }

    /** The most specific pattern that matches a room's name; {@code null} if none does, which is {@code not-found}. */
    public @Nullable RoomMatch match(String room) {
        for (RoomMapping mapping : this.mappings) {
            Map<String, String> variables = mapping.pattern().match(room);
            if (variables != null) {
                return new RoomMatch(mapping, variables);
            }
        }
        return null;
    }

    /** Asks every rule of the room's pattern, before there is a membership; fails if one refuses. */
    public CompletionStage<@Nullable Void> authorize(RoomCall call) {
        RoomMapping mapping = call.match().mapping();
        RoomMessage message = RoomMessage.join(call);
        if (!mapping.rules().isEmpty()) {
            RealtimeException refused = askRules(mapping, message);
            if (refused != null) {
                return CompletableFuture.failedFuture(refused);
            }
        }
        CompletionStage<@Nullable Object> allowed = NOTHING;
        for (RoomMethod access : mapping.access()) {
            allowed = next(allowed, () -> access.invoke(message).thenCompose(answer -> answered(access, answer)));
        }
        RoomMethod security = mapping.security();
        if (security != null) {
            allowed = next(allowed, () -> security.ask(message));
        }
        return plain(allowed.thenApply(done -> null));
    }

    /** Goes on here if the stage is complete, else away from the thread that completes it, which may be an event loop. */
    private CompletionStage<@Nullable Object> next(
            CompletionStage<@Nullable Object> stage, Supplier<CompletionStage<@Nullable Object>> step) {
        return stage.toCompletableFuture().isDone()
                ? stage.thenCompose(before -> step.get())
                : stage.thenComposeAsync(before -> step.get(), this.template.executor());
    }

    /** The same stage, whose failure is an answer and not inside the wrapper of dependent stages. */
    private static <T extends @Nullable Object> CompletionStage<T> plain(CompletionStage<T> stage) {
        CompletableFuture<T> plain = new CompletableFuture<>();
        stage.whenComplete((value, failure) -> {
            if (failure == null) {
                plain.complete(value);
            } else {
                plain.completeExceptionally(
                        HandlerFailures.answer(HandlerFailures.unwrap(failure), false, "A handler"));
            }
        });
        return plain;
    }

    private @Nullable RealtimeException askRules(RoomMapping mapping, RoomMessage message) {
        RoomCall call = message.call();
        try (HandlerListener.Scope current = CurrentCall.open(call);
                HandlerListener.Scope scope = this.security == null
                        ? () -> {}
                        : this.security.open(call.connection().principal())) {
            JoinRequest request = message.joinRequest();
            for (RoomAccessRule rule : mapping.rules()) {
                if (!rule.mayJoin(request)) {
                    return refused();
                }
            }
            return null;
        } catch (RuntimeException ex) {
            return HandlerFailures.answer(ex, false, "The access rule of " + mapping.pattern());
        }
    }

    private static CompletionStage<@Nullable Object> answered(RoomMethod access, @Nullable Object answer) {
        boolean silent = answer == null && access.method().getReturnType() == void.class;
        return silent || Boolean.TRUE.equals(answer) ? NOTHING : CompletableFuture.failedFuture(refused());
    }

    private static RealtimeException refused() {
        return new RealtimeException(ErrorCode.FORBIDDEN, "you may not join this room");
    }

    /** The value of the {@code @RoomJoined} method, {@code null} without one; then {@link RoomJoinedEvent} is published. */
    public CompletionStage<@Nullable Object> joined(RoomCall call) {
        RoomMethod joined = call.match().mapping().joined();
        CompletionStage<@Nullable Object> state = joined == null ? NOTHING : joined.invoke(RoomMessage.join(call));
        return plain(next(state, () -> {
            tell(new RoomJoinedEvent(call.connection(), call.key(), call.match().pattern()));
            return state;
        }));
    }

    /** A listener of the application that fails is its own problem. */
    private void tell(Object event) {
        try {
            this.template.publisher().publishEvent(event);
        } catch (RuntimeException ex) {
            logger.warn("A listener of {} failed", event.getClass().getSimpleName(), ex);
        }
    }

    /**
     * Handles an event of a member, or of somebody whom {@link #authorize} let through. With {@code @Broadcast} the stage
     * completes at the commit point of the event's class.
     *
     * @param eventId the id of the event that is broadcast, so that a repeat broadcasts nothing; {@code null} for a new one
     * @return the reply; fails with {@code not-found} if nobody handles the event
     */
    public CompletionStage<Reply> event(RoomCall call, String event, JsonNode data, @Nullable String eventId) {
        RoomMapping.EventMethod handler = call.match().mapping().events().get(event);
        if (handler == null) {
            return CompletableFuture.failedFuture(
                    new RealtimeException(ErrorCode.NOT_FOUND, "nothing handles this event here"));
        }
        CompletionStage<@Nullable Object> value =
                handler.method().invoke(RoomMessage.event(call, event, data, eventId));
        if (!handler.broadcast()) {
            return plain(value.thenApply(reply -> reply == null ? Reply.EMPTY : new Reply(reply, null, null)));
        }
        return plain(value.thenCompose(sent -> sent == null
                ? CompletableFuture.completedFuture(Reply.EMPTY)
                : broadcast(call, handler, sent, eventId)));
    }

    private CompletionStage<Reply> broadcast(
            RoomCall call, RoomMapping.EventMethod handler, Object data, @Nullable String eventId) {
        Publication publication;
        try {
            Event event = this.template.event(call.key(), Set.of(), handler.event(), data, eventId);
            publication = this.template.publish(event);
        } catch (RuntimeException ex) {
            return CompletableFuture.failedFuture(answer(handler, ex));
        }
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        publication.committed().whenComplete((commit, failure) -> {
            if (failure != null) {
                reply.completeExceptionally(answer(handler, failure));
                return;
            }
            RealtimeException refused = refusal(commit);
            if (refused == null) {
                reply.complete(new Reply(null, publication.eventId(), commit.cursor()));
            } else {
                reply.completeExceptionally(refused);
            }
        });
        return reply;
    }

    private static RealtimeException answer(RoomMapping.EventMethod handler, Throwable failure) {
        return HandlerFailures.answer(
                HandlerFailures.unwrap(failure),
                false,
                "The broadcast of " + handler.method().description().method());
    }

    private static @Nullable RealtimeException refusal(Publication.Commit commit) {
        if (commit.backplane() == null) {
            return null;
        }
        return switch (commit.backplane()) {
            case REJECTED -> new RealtimeException(ErrorCode.UNAVAILABLE, "the event could not be published");
            case UNKNOWN ->
                new RealtimeException(
                        ErrorCode.TIMEOUT, "it is not known whether the event was published; repeat with the same key");
            case PUBLISHED, RECORDED, LOCAL_ONLY -> null;
        };
    }

    /** Publishes {@link RoomLeftEvent} and calls the {@code @RoomLeft} method. */
    public CompletionStage<@Nullable Void> left(RoomCall call, LeaveReason reason) {
        tell(new RoomLeftEvent(call.connection(), call.key(), call.match().pattern(), reason));
        RoomMethod left = call.match().mapping().left();
        return left == null
                ? CompletableFuture.completedFuture(null)
                : plain(left.invoke(RoomMessage.leave(call, reason)).thenApply(ignored -> null));
    }

    /** All patterns, in the order in which they are tried. */
    public List<String> patterns() {
        return this.mappings.stream().map(mapping -> mapping.pattern().text()).toList();
    }

    /** Names of events that handlers take or broadcast, and that properties speak of: what meters may be tagged with. */
    public Set<String> declaredEvents() {
        return this.declared;
    }

    /** Whether an event is among {@link #declaredEvents()}, or its type declares itself and was sent before. */
    public boolean declares(String event) {
        return this.declared.contains(event) || this.template.types().isDeclared(event);
    }

    private Set<String> names(EventTypes types) {
        Set<String> names = new LinkedHashSet<>(types.configured());
        for (HandlerDescription handler : describe()) {
            if (handler.event() != null) {
                names.add(handler.event());
            }
            if (handler.broadcast() != null) {
                names.add(handler.broadcast());
            }
        }
        return Collections.unmodifiableSet(names);
    }

    /** All access rules and handler methods, by pattern. */
    public List<HandlerDescription> describe() {
        return this.mappings.stream()
                .flatMap(mapping -> mapping.descriptions().stream())
                .toList();
    }
}
