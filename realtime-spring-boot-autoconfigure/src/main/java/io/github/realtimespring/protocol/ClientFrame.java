package io.github.realtimespring.protocol;

import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A frame of the client whose fields have the right types (PROTOCOL, frames). Names in it are not validated yet.
 */
sealed interface ClientFrame {

    /** Chosen by the client, answered exactly once; {@code null} if it wants no answer. */
    @Nullable
    Long id();

    /** The frame's {@code type}. */
    String type();

    record Hello(String session) implements ClientFrame {
        @Override
        public @Nullable Long id() {
            return null;
        }

        @Override
        public String type() {
            return "hello";
        }
    }

    /**
     * @param presence whether the client watches who is in the room
     * @param presenceOnly whether it does nothing else: it is not in the room then
     */
    record Join(
            @Nullable Long id,
            String room,
            @Nullable String since,
            boolean presence,
            boolean presenceOnly,
            @Nullable JsonNode data)
            implements ClientFrame {
        @Override
        public String type() {
            return "join";
        }
    }

    record Leave(@Nullable Long id, String room) implements ClientFrame {
        @Override
        public String type() {
            return "leave";
        }
    }

    record Publish(
            @Nullable Long id,
            String room,
            String event,
            @Nullable String key,
            JsonNode data) implements ClientFrame {
        @Override
        public String type() {
            return "publish";
        }
    }

    record Auth(@Nullable Long id, String token) implements ClientFrame {
        @Override
        public String type() {
            return "auth";
        }
    }

    record Presence(String room, String state) implements ClientFrame {
        @Override
        public @Nullable Long id() {
            return null;
        }

        @Override
        public String type() {
            return "presence";
        }
    }

    record Pong() implements ClientFrame {
        @Override
        public @Nullable Long id() {
            return null;
        }

        @Override
        public String type() {
            return "pong";
        }
    }
}
