package io.github.realtimespring.handler;

import java.util.function.Predicate;

/**
 * A bean that decides who may join the rooms of a pattern: the alternative to a
 * {@link io.github.realtimespring.handler.annotation.RoomAccess} method, and the way to open rooms that have no handlers.
 * All rules of a pattern must allow.
 *
 * @since 0.1.0
 */
public interface RoomAccessRule {

    /** The pattern, written as its controllers write it. */
    String pattern();

    /**
     * Whether the connection may join; asked on the thread of a handler, before the membership exists.
     *
     * @throws io.github.realtimespring.RealtimeException to refuse with an error other than {@code forbidden}
     */
    boolean mayJoin(JoinRequest request);

    /** A rule for one pattern. */
    static RoomAccessRule of(String pattern, Predicate<JoinRequest> rule) {
        return new RoomAccessRule() {
            @Override
            public String pattern() {
                return pattern;
            }

            @Override
            public boolean mayJoin(JoinRequest request) {
                return rule.test(request);
            }
        };
    }
}
