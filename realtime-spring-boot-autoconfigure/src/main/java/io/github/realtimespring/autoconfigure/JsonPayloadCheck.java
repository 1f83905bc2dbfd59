package io.github.realtimespring.autoconfigure;

import io.github.realtimespring.backplane.PayloadCheck;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * One JSON value within the limits of the mapper that payloads are written with: what it writes on one node passes on every
 * other. The parser is strict whatever the application allows its own. It is given bytes where they are ASCII, decoded text
 * otherwise: it would guess an encoding. Thread-safe.
 */
final class JsonPayloadCheck implements PayloadCheck {

    private final JsonFactory factory;

    JsonPayloadCheck(JsonMapper mapper) {
        this.factory = JsonFactory.builder()
                .streamReadConstraints(mapper.tokenStreamFactory().streamReadConstraints())
                .build();
    }

    @Override
    public boolean isValid(byte[] json) {
        boolean ascii = true;
        for (byte one : json) {
            if (one < 0) {
                ascii = false;
            } else if (one < ' ' && one != '\t') {
                // No control character is valid anywhere, but for the ends of lines, which would end a frame of SSE.
                return false;
            }
        }
        try (JsonParser parser = ascii ? parser(json) : parser(decoded(json))) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                return false;
            }
            // To the end of the value: reads what is in it, numbers and texts included.
            for (int depth = depth(first); depth > 0; ) {
                JsonToken next = parser.nextToken();
                if (next == null) {
                    return false;
                }
                depth += depth(next);
            }
            if (first.isScalarValue()) {
                parser.finishToken();
            }
            return parser.nextToken() == null;
        } catch (JacksonException | CharacterCodingException ex) {
            return false;
        }
    }

    private JsonParser parser(byte[] ascii) {
        return this.factory.createParser(ObjectReadContext.empty(), ascii);
    }

    private JsonParser parser(String text) {
        return this.factory.createParser(ObjectReadContext.empty(), text);
    }

    private static String decoded(byte[] json) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(json)).toString();
    }

    private static int depth(JsonToken token) {
        return token.isStructStart() ? 1 : token.isStructEnd() ? -1 : 0;
    }
}
