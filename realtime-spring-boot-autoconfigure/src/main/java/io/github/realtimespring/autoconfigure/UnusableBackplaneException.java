package io.github.realtimespring.autoconfigure;

import org.jspecify.annotations.Nullable;

/** The properties ask for a backplane that cannot be had, or that would not do what they say. */
final class UnusableBackplaneException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    /**
     * @param description what is wrong, a sentence
     * @param action what to change, a sentence
     */
    UnusableBackplaneException(String description, String action) {
        super(description);
        this.action = action;
    }

    /** The library or the connection that the type needs is not there. */
    static UnusableBackplaneException notAvailable(
            RealtimeProperties.BackplaneType type, @Nullable ClassLoader classLoader) {
        String local = ", or set realtime.backplane.type=local, which serves one node.";
        BackplaneLibrary library = BackplaneLibrary.of(type);
        if (!library.isPresent(classLoader)) {
            return new UnusableBackplaneException(
                    "realtime.backplane.type is '" + library.type() + "', and " + library.description()
                            + " is not on the class path.",
                    "Add the dependency " + library.starter() + local);
        }
        return new UnusableBackplaneException(
                "realtime.backplane.type is '" + library.type()
                        + "', and there is no connection to it: no bean of type " + library.connection() + ".",
                "Configure it with " + library.properties() + ", define a bean of type Broker" + local);
    }

    /** A broker's streams are read by every node, those in memory by one. */
    static UnusableBackplaneException memoryHistory(String broker, boolean longPoll) {
        return new UnusableBackplaneException(
                "realtime.history.store is 'memory', and the backplane '" + broker
                        + "' joins several nodes: no node could resume what a client began on another one"
                        + (longPoll ? ", and each poll may reach another node." : "."),
                "Remove realtime.history.store, so that streams are kept by the backplane"
                        + (longPoll
                                ? "; where clients always return to the node that they were on, polls included, define a"
                                        + " bean of type History."
                                : ", or define a bean of type History."));
    }

    /** The broker has another way to subscribe. */
    static UnusableBackplaneException subscription(
            RealtimeProperties.Subscription asked, String broker, String possible) {
        return new UnusableBackplaneException(
                "realtime.backplane.subscription is '" + asked.wireName() + "', which the backplane '" + broker
                        + "' cannot do.",
                "Use " + possible + ", or remove the property.");
    }

    /** The store is asked to be on Redis, and that is not there. */
    static UnusableBackplaneException noRedisStore(@Nullable ClassLoader classLoader) {
        BackplaneLibrary library = BackplaneLibrary.of(RealtimeProperties.BackplaneType.REDIS);
        String local = ", or set realtime.store.type=local, with which each node decides for itself.";
        if (!library.isPresent(classLoader)) {
            return new UnusableBackplaneException(
                    "realtime.store.type is 'redis', and " + library.description() + " is not on the class path.",
                    "Add the dependency " + library.starter() + local);
        }
        return new UnusableBackplaneException(
                "realtime.store.type is 'redis', and there is no connection to it: no bean of type "
                        + library.connection() + ".",
                "Configure it with " + library.properties() + local);
    }

    /** Nodes that exchange no events have nothing to agree on. */
    static UnusableBackplaneException storeOfOneNode() {
        return new UnusableBackplaneException(
                "realtime.store.type is 'redis', and the backplane is 'local', which serves one node.",
                "Set realtime.backplane.type as well, or remove realtime.store.type.");
    }

    /** What separates the events of two applications on one broker is missing. */
    static UnusableBackplaneException nameless() {
        return new UnusableBackplaneException(
                "The backplane may carry the events of several applications, and this one has no name.",
                "Set spring.application.name, or realtime.backplane.app; all nodes of an application have the same.");
    }

    String action() {
        return this.action;
    }
}
