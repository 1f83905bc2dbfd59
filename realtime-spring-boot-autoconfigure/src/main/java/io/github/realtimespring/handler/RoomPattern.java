package io.github.realtimespring.handler;

import io.github.realtimespring.InvalidRoutingKeyException;
import io.github.realtimespring.RoutingKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A pattern of room names: literal text and variables, {@code project:{projectId}}. A variable takes letters, digits and
 * {@code . _ ~ -} and ends at the end or before a character that it cannot take, so a name matches in one way only and in
 * one pass.
 */
final class RoomPattern {

    /** The longest value of a variable. */
    static final int MAX_VALUE_LENGTH = 100;

    /** Fewer variables first, then more literal text; the text itself makes the order total. */
    static final Comparator<RoomPattern> MOST_SPECIFIC_FIRST = Comparator.<RoomPattern>comparingInt(
                    pattern -> pattern.names.size())
            .thenComparing(Comparator.<RoomPattern>comparingInt(RoomPattern::literalLength)
                    .reversed())
            .thenComparing(RoomPattern::text);

    private final String text;
    /** Literal, variable, literal, variable, …, literal: one literal more than there are variables. */
    private final List<String> literals;

    private final List<String> names;

    private RoomPattern(String text, List<String> literals, List<String> names) {
        this.text = text;
        this.literals = List.copyOf(literals);
        this.names = List.copyOf(names);
    }

    /** @throws InvalidRoomPatternException if the text is no pattern */
    static RoomPattern parse(String text) {
        List<String> literals = new ArrayList<>();
        List<String> names = new ArrayList<>();
        int from = 0;
        while (true) {
            int open = text.indexOf('{', from);
            String literal = open < 0 ? text.substring(from) : text.substring(from, open);
            if (literal.indexOf('}') >= 0) {
                throw new InvalidRoomPatternException(text, "it has a } without a {");
            }
            if (!names.isEmpty() && (literal.isEmpty() ? open >= 0 : inVariable(literal.charAt(0)))) {
                throw new InvalidRoomPatternException(
                        text,
                        "variable " + names.get(names.size() - 1)
                                + " has no end; put one of : @ + = , | behind it, or nothing at all");
            }
            literals.add(literal);
            if (open < 0) {
                break;
            }
            int close = text.indexOf('}', open);
            if (close < 0) {
                throw new InvalidRoomPatternException(text, "it has a { without a }");
            }
            String name = text.substring(open + 1, close);
            if (!isIdentifier(name)) {
                throw new InvalidRoomPatternException(
                        text, "a variable is named like a Java parameter, as in project:{projectId}");
            }
            if (names.contains(name)) {
                throw new InvalidRoomPatternException(text, "it has variable " + name + " twice");
            }
            names.add(name);
            from = close + 1;
        }
        try {
            RoutingKey.room(String.join("x", literals));
        } catch (InvalidRoutingKeyException ex) {
            throw new InvalidRoomPatternException(text, "it matches no room: " + ex.clientMessage());
        }
        return new RoomPattern(text, literals, names);
    }

    String text() {
        return this.text;
    }

    /** The variables in their order. */
    List<String> names() {
        return this.names;
    }

    private int literalLength() {
        return this.literals.stream().mapToInt(String::length).sum();
    }

    /** The variables of a room's name; {@code null} if it does not match. */
    @Nullable
    Map<String, String> match(String room) {
        String literal = this.literals.get(0);
        if (!room.startsWith(literal)) {
            return null;
        }
        int position = literal.length();
        Map<String, String> variables = this.names.isEmpty() ? Map.of() : new LinkedHashMap<>();
        for (int i = 0; i < this.names.size(); i++) {
            int end = position;
            while (end < room.length() && inVariable(room.charAt(end))) {
                end++;
            }
            if (end == position || end - position > MAX_VALUE_LENGTH) {
                return null;
            }
            variables.put(this.names.get(i), room.substring(position, end));
            literal = this.literals.get(i + 1);
            if (!room.startsWith(literal, end)) {
                return null;
            }
            position = end + literal.length();
        }
        return position == room.length() ? variables : null;
    }

    /**
     * The name of a room.
     *
     * @param value what a variable has; anything with a textual form
     * @throws InvalidRoutingKeyException if a value may not be in a name
     */
    String expand(Function<String, @Nullable Object> value) {
        StringBuilder room = new StringBuilder(this.literals.get(0));
        for (int i = 0; i < this.names.size(); i++) {
            Object given = value.apply(this.names.get(i));
            String text = given == null ? "" : given.toString();
            if (text.isEmpty()
                    || text.length() > MAX_VALUE_LENGTH
                    || !text.chars().allMatch(c -> inVariable((char) c))) {
                throw new InvalidRoutingKeyException("the value of room variable " + this.names.get(i) + " has 1 to "
                        + MAX_VALUE_LENGTH + " letters, digits or . _ ~ -");
            }
            room.append(text).append(this.literals.get(i + 1));
        }
        return room.toString();
    }

    /** Whether neither of two patterns is more specific. */
    boolean tiesWith(RoomPattern other) {
        return this.names.size() == other.names.size() && literalLength() == other.literalLength();
    }

    /** A room that both patterns match; {@code null} if there is none. */
    @Nullable
    String common(RoomPattern other) {
        record Place(int mine, int theirs, String room) {}
        String one = elements();
        String two = other.elements();
        Deque<Place> open = new ArrayDeque<>(List.of(new Place(0, 0, "")));
        Set<Long> seen = new HashSet<>();
        while (!open.isEmpty()) {
            Place place = open.pop();
            if (!seen.add(((long) place.mine << 32) | place.theirs)) {
                continue;
            }
            if (place.mine == one.length() && place.theirs == two.length()) {
                return place.room;
            }
            if (place.mine < one.length() && one.charAt(place.mine) == MORE) {
                open.push(new Place(place.mine + 1, place.theirs, place.room));
            }
            if (place.theirs < two.length() && two.charAt(place.theirs) == MORE) {
                open.push(new Place(place.mine, place.theirs + 1, place.room));
            }
            if (place.mine < one.length() && place.theirs < two.length()) {
                char mine = one.charAt(place.mine);
                char theirs = two.charAt(place.theirs);
                char both = both(mine, theirs);
                if (both != NONE) {
                    open.push(new Place(
                            mine == MORE ? place.mine : place.mine + 1,
                            theirs == MORE ? place.theirs : place.theirs + 1,
                            place.room + both));
                }
            }
        }
        return null;
    }

    private static final char ONE = '\1';
    private static final char MORE = '\2';
    private static final char NONE = '\0';

    /** The pattern as a row of characters in which a variable is one character and then any number of them. */
    private String elements() {
        return String.join("" + ONE + MORE, this.literals);
    }

    private static char both(char mine, char theirs) {
        boolean myVariable = mine == ONE || mine == MORE;
        boolean theirVariable = theirs == ONE || theirs == MORE;
        if (myVariable && theirVariable) {
            return 'x';
        }
        if (myVariable) {
            return inVariable(theirs) ? theirs : NONE;
        }
        return mine == theirs || (theirVariable && inVariable(mine)) ? mine : NONE;
    }

    private static boolean inVariable(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '.'
                || c == '_'
                || c == '~'
                || c == '-';
    }

    private static boolean isIdentifier(String name) {
        return !name.isEmpty()
                && Character.isJavaIdentifierStart(name.charAt(0))
                && name.chars().allMatch(Character::isJavaIdentifierPart);
    }

    @Override
    public String toString() {
        return this.text;
    }
}
