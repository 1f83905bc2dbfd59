package io.github.realtimespring.registry;

/**
 * What happens when a user who is connected connects once more (SPEC §1).
 *
 * @param rule which connection stays
 * @param limit how many connections {@link Rule#LIMIT} allows
 * @param perDevice whether the rule looks at connections of the same user and device only
 * @since 0.1.0
 */
public record DuplicatePolicy(Rule rule, int limit, boolean perDevice) {

    /** Which connection stays. */
    public enum Rule {
        /** All of them. */
        ALLOW,
        /** The newer one; older ones are closed with 4409. */
        NEWEST_WINS,
        /** The older one; the newer is refused with 4409. */
        REJECT,
        /** As many as the limit says; more are refused with 4429. */
        LIMIT
    }

    public static final DuplicatePolicy ALLOW = new DuplicatePolicy(Rule.ALLOW, 0, false);
    public static final DuplicatePolicy NEWEST_WINS = new DuplicatePolicy(Rule.NEWEST_WINS, 0, false);
    public static final DuplicatePolicy REJECT = new DuplicatePolicy(Rule.REJECT, 0, false);

    public DuplicatePolicy {
        if (rule == Rule.LIMIT && limit < 1) {
            throw new IllegalArgumentException("the limit of connections per user is at least 1");
        }
    }

    public static DuplicatePolicy limit(int connections) {
        return new DuplicatePolicy(Rule.LIMIT, connections, false);
    }

    /** The same rule among connections of one device. */
    public DuplicatePolicy onSameDevice() {
        return new DuplicatePolicy(this.rule, this.limit, true);
    }
}
