package io.github.realtimespring.protocol;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.cfg.JsonNodeFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.NullNode;

/**
 * Reads frames of the client, strictly and once (SPEC §15): one JSON object of bounded depth without duplicate keys,
 * numbers that a double can hold, fields of the right types. Unknown fields are ignored. It has a mapper of its own, so
 * that no setting of the application loosens it. Thread-safe.
 */
final class FrameReader {

    private static final long MAX_ID = 1L << 53;
    private static final int MAX_NUMBER_LENGTH = 100;
    /** Beyond the exponents of a double. */
    private static final int MAX_SCALE = 400;

    private static final int MAX_NAME = 1000;
    private static final int MAX_KEY = 64;
    private static final int MAX_SESSION = 64;

    private final JsonMapper mapper;

    FrameReader(int maxDepth, int maxFrameBytes) {
        JsonFactory factory = JsonFactory.builder()
                .streamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(maxDepth)
                        .maxNumberLength(MAX_NUMBER_LENGTH)
                        .maxNameLength(MAX_NAME)
                        .maxStringLength(maxFrameBytes)
                        .build())
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        this.mapper = JsonMapper.builder(factory)
                .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                .build();
    }

    /** @throws MalformedFrameException if the text is not a frame */
    ClientFrame read(String text) {
        JsonNode frame;
        try {
            frame = this.mapper.readTree(text);
        } catch (JacksonException ex) {
            throw new MalformedFrameException(null, "the frame is not well-formed JSON within the limits");
        }
        if (!frame.isObject()) {
            throw new MalformedFrameException(null, "a frame is a JSON object");
        }
        Long id = id(frame);
        String type = text(frame, id, "type", MAX_KEY);
        return switch (type) {
            case "pong" -> new ClientFrame.Pong();
            case "hello" -> new ClientFrame.Hello(text(frame, id, "session", MAX_SESSION));
            case "join" ->
                new ClientFrame.Join(
                        id,
                        text(frame, id, "room", Integer.MAX_VALUE),
                        optionalText(frame, id, "since", Integer.MAX_VALUE),
                        presence(frame, id),
                        isPresenceOnly(frame),
                        data(frame, id));
            case "leave" -> new ClientFrame.Leave(id, text(frame, id, "room", Integer.MAX_VALUE));
            case "publish" -> {
                JsonNode data = data(frame, id);
                yield new ClientFrame.Publish(
                        id,
                        text(frame, id, "room", Integer.MAX_VALUE),
                        text(frame, id, "event", Integer.MAX_VALUE),
                        optionalText(frame, id, "key", MAX_KEY),
                        data == null ? NullNode.getInstance() : data);
            }
            case "auth" -> new ClientFrame.Auth(id, text(frame, id, "token", Integer.MAX_VALUE));
            case "presence" ->
                new ClientFrame.Presence(text(frame, id, "room", Integer.MAX_VALUE), text(frame, id, "state", MAX_KEY));
            default -> throw new MalformedFrameException(id, "there is no client frame of this type");
        };
    }

    private static @Nullable Long id(JsonNode frame) {
        JsonNode id = frame.get("id");
        if (id == null) {
            return null;
        }
        if (!id.isIntegralNumber() || !id.canConvertToLong() || id.longValue() < 1 || id.longValue() > MAX_ID) {
            throw new MalformedFrameException(null, "id is a positive integer up to 2^53");
        }
        return id.longValue();
    }

    private static String text(JsonNode frame, @Nullable Long id, String field, int maxLength) {
        String value = optionalText(frame, id, field, maxLength);
        if (value == null) {
            throw new MalformedFrameException(id, field + " is missing");
        }
        return value;
    }

    private static @Nullable String optionalText(JsonNode frame, @Nullable Long id, String field, int maxLength) {
        JsonNode value = frame.get(field);
        if (value == null) {
            return null;
        }
        if (!value.isString()) {
            throw new MalformedFrameException(id, field + " is a string");
        }
        String text = value.stringValue();
        if (text.isEmpty() && maxLength != Integer.MAX_VALUE || text.length() > maxLength) {
            throw new MalformedFrameException(id, field + " has 1 to " + maxLength + " characters");
        }
        return text;
    }

    private static boolean presence(JsonNode frame, @Nullable Long id) {
        JsonNode value = frame.get("presence");
        if (value == null) {
            return false;
        }
        if (isPresenceOnly(frame)) {
            return true;
        }
        if (!value.isBoolean()) {
            throw new MalformedFrameException(id, "presence is true, false or \"only\"");
        }
        return value.booleanValue();
    }

    private static boolean isPresenceOnly(JsonNode frame) {
        JsonNode value = frame.get("presence");
        return value != null && value.isString() && value.stringValue().equals("only");
    }

    private static @Nullable JsonNode data(JsonNode frame, @Nullable Long id) {
        JsonNode data = frame.get("data");
        if (data != null) {
            checkNumbers(data, id);
        }
        return data;
    }

    /** The depth was bounded when the text was read. */
    private static void checkNumbers(JsonNode node, @Nullable Long id) {
        if (node.isContainer()) {
            for (JsonNode child : node) {
                checkNumbers(child, id);
            }
        } else if (node.isBigDecimal()) {
            BigDecimal number = node.decimalValue();
            if (Math.abs((long) number.scale()) > MAX_SCALE) {
                throw new MalformedFrameException(id, "a number is out of range");
            }
        }
    }
}
