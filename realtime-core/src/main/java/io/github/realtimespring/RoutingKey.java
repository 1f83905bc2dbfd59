package io.github.realtimespring;

import java.text.Normalizer;
import java.util.Locale;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an event goes: a kind, an optional tenant and an id (SPEC §2).
 *
 * <p>The textual form is {@code room:project:42}, or {@code acme/room:project:42} inside a tenant, so that {@code user:42}
 * never collides with {@code room:42}. Ids are validated when a key is made and never rewritten; a key that exists is
 * safe to log, to use in a map and to hand to a backplane.
 *
 * @param kind what the key names
 * @param tenant the tenant the key lives in, or {@code null} where the application has none
 * @param id 1 to {@value #MAX_ID_LENGTH} characters in NFC. Letters, digits and {@code . _ ~ - : @ + = , |} for every
 *     kind but {@link Kind#USER}, whose ids are the names that the application's authentication gives out: any
 *     printable text without leading or trailing blanks
 * @since 0.1.0
 */
public record RoutingKey(Kind kind, @Nullable String tenant, String id) {

    /** The longest id, in UTF-16 units. */
    public static final int MAX_ID_LENGTH = 200;

    private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._~-]{0,63}");
    private static final String PUNCTUATION = "._~-:@+=,|";

    /** What a key names. */
    public enum Kind {
        /** A group that clients join and leave. */
        ROOM,
        /** A category of updates that the server subscribes connections to. */
        CHANNEL,
        /** A broker-style name that the server subscribes connections to. */
        TOPIC,
        /** Every connection of one authenticated subject. */
        USER,
        /** Presence of a room, delivered to its watchers. */
        PRESENCE;

        private final String prefix = name().toLowerCase(Locale.ROOT);

        /** The word in front of the colon in the textual form. */
        public String prefix() {
            return this.prefix;
        }
    }

    /**
     * @throws InvalidRoutingKeyException if tenant or id is not acceptable; the message names the rule and never
     *     repeats the input
     */
    public RoutingKey {
        Objects.requireNonNull(kind, "kind");
        if (tenant != null && !TENANT.matcher(tenant).matches()) {
            throw new InvalidRoutingKeyException(
                    "a tenant has 1 to 64 letters, digits or . _ ~ - and starts with a letter or digit");
        }
        validate(kind, id);
    }

    /** A room without a tenant. */
    public static RoutingKey room(String id) {
        return new RoutingKey(Kind.ROOM, null, id);
    }

    /** A user without a tenant. */
    public static RoutingKey user(String name) {
        return new RoutingKey(Kind.USER, null, name);
    }

    /** The same key inside a tenant. */
    public RoutingKey withTenant(@Nullable String tenant) {
        return new RoutingKey(this.kind, tenant, this.id);
    }

    /**
     * Reads the textual form back.
     *
     * @throws InvalidRoutingKeyException if the text is not the textual form of a valid key
     */
    public static RoutingKey parse(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw new InvalidRoutingKeyException("a key starts with its kind, as in room:project:42");
        }
        int slash = text.lastIndexOf('/', colon);
        String prefix = text.substring(slash + 1, colon);
        for (Kind kind : Kind.values()) {
            if (kind.prefix().equals(prefix)) {
                return new RoutingKey(kind, slash < 0 ? null : text.substring(0, slash), text.substring(colon + 1));
            }
        }
        throw new InvalidRoutingKeyException("the kind of a key is one of room, channel, topic, user, presence");
    }

    private static void validate(Kind kind, String id) {
        Objects.requireNonNull(id, "id");
        if (id.isEmpty() || id.length() > MAX_ID_LENGTH) {
            throw new InvalidRoutingKeyException("a name has 1 to " + MAX_ID_LENGTH + " characters");
        }
        boolean ascii = true;
        for (int i = 0; i < id.length(); ) {
            int c = id.codePointAt(i);
            if (kind == Kind.USER ? !printable(c) : !allowedInName(c)) {
                throw new InvalidRoutingKeyException("a name has only letters, digits and . _ ~ - : @ + = , |");
            }
            ascii &= c < 0x80;
            i += Character.charCount(c);
        }
        if (kind == Kind.USER && !id.strip().equals(id)) {
            throw new InvalidRoutingKeyException("a user name has no blanks at its ends");
        }
        if (!ascii && !Normalizer.isNormalized(id, Normalizer.Form.NFC)) {
            throw new InvalidRoutingKeyException("a name is in Unicode normalization form C");
        }
        if (id.contains("__proto__")) {
            throw new InvalidRoutingKeyException("a name has no __proto__ in it");
        }
    }

    private static boolean allowedInName(int c) {
        if (c < 0x80) {
            return (c >= 'a' && c <= 'z')
                    || (c >= '0' && c <= '9')
                    || (c >= 'A' && c <= 'Z')
                    || PUNCTUATION.indexOf(c) >= 0;
        }
        return switch (Character.getType(c)) {
            case Character.UPPERCASE_LETTER,
                    Character.LOWERCASE_LETTER,
                    Character.TITLECASE_LETTER,
                    Character.MODIFIER_LETTER,
                    Character.OTHER_LETTER,
                    Character.DECIMAL_DIGIT_NUMBER,
                    Character.NON_SPACING_MARK,
                    Character.COMBINING_SPACING_MARK -> true;
            default -> false;
        };
    }

    private static boolean printable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** The textual form, {@code [tenant/]kind:id}. */
    @Override
    public String toString() {
        String local = this.kind.prefix() + ':' + this.id;
        return this.tenant == null ? local : this.tenant + '/' + local;
    }
}
