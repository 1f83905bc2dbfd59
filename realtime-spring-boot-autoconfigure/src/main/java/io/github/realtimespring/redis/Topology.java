package io.github.realtimespring.redis;

import io.lettuce.core.cluster.SlotHash;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Who keeps which slots of a cluster, as some of its servers say. They may differ for a while after a failover or the
 * migration of a slot; who claims a slot with the highest configuration epoch has it, which is the rule of the servers
 * themselves.
 *
 * <p>Read from {@code CLUSTER NODES}, which has the epochs, and {@code CLUSTER SLOTS}, which has the addresses that clients
 * are to use.
 *
 * <p>Used by one thread.
 */
final class Topology {

    static final int SLOTS = SlotHash.SLOT_COUNT;

    /** Where a server can be reached. */
    record Address(String host, int port) {

        @Override
        public String toString() {
            return this.host + ':' + this.port;
        }
    }

    private final @Nullable String[] owners = new String[SLOTS];
    private final long[] epochs = new long[SLOTS];
    private final Map<String, Address> addresses = new HashMap<>();
    private final Map<String, Address> preferred = new HashMap<>();

    /**
     * What one server says.
     *
     * @param asked where it was reached
     * @param nodes its answer to {@code CLUSTER NODES}
     * @param slots its answer to {@code CLUSTER SLOTS}
     */
    void add(Address asked, String nodes, List<?> slots) {
        nodes.lines()
                .map(line -> line.split(" "))
                .filter(node -> node.length >= 8)
                .forEach(node -> add(asked, node));
        for (Object range : slots) {
            if (range instanceof List<?> parts) {
                parts.stream().skip(2).forEach(server -> prefer(asked, server));
            }
        }
    }

    /** {@code <id> <ip:port@bus[,hostname]> <flags> <master> <ping> <pong> <epoch> <link> <slot> … [<migrating>]}. */
    private void add(Address asked, String[] node) {
        List<String> flags = List.of(node[2].split(","));
        if (flags.contains("noaddr") || flags.contains("handshake")) {
            return;
        }
        String endpoint = node[1].replaceFirst("[@,].*", "");
        int colon = endpoint.lastIndexOf(':');
        // One that was never told its own address is where it was asked.
        String host = colon <= 0 ? asked.host() : endpoint.substring(0, colon);
        this.addresses.put(node[0], new Address(host, Integer.parseInt(endpoint.substring(colon + 1))));
        if (!flags.contains("master")) {
            return;
        }
        long epoch = Long.parseLong(node[6]);
        for (int i = 8; i < node.length; i++) {
            if (node[i].startsWith("[")) {
                continue;
            }
            int dash = node[i].indexOf('-');
            int first = Integer.parseInt(dash < 0 ? node[i] : node[i].substring(0, dash));
            int last = Integer.parseInt(node[i].substring(dash + 1));
            for (int slot = first; slot <= last; slot++) {
                if (this.owners[slot] == null || epoch > this.epochs[slot]) {
                    this.owners[slot] = node[0];
                    this.epochs[slot] = epoch;
                }
            }
        }
    }

    /** {@code [endpoint, port, id, …]}. */
    private void prefer(Address asked, @Nullable Object server) {
        if (server instanceof List<?> parts && parts.size() >= 3 && parts.get(1) instanceof Long port) {
            String endpoint = text(parts.get(0));
            if (!endpoint.equals("?")) {
                Address address = new Address(endpoint.isEmpty() ? asked.host() : endpoint, port.intValue());
                this.preferred.put(text(parts.get(2)), address);
            }
        }
    }

    private static String text(@Nullable Object bulk) {
        return bulk instanceof byte[] bytes ? new String(bytes, StandardCharsets.UTF_8) : "";
    }

    /** The id of the server that has a slot; {@code null} if nobody has. */
    @Nullable
    String owner(int slot) {
        return this.owners[slot];
    }

    /** Where the servers that have slots can be reached, by their ids. */
    Map<String, Address> owners() {
        Map<String, Address> all = new LinkedHashMap<>();
        for (String id : this.owners) {
            if (id != null && !all.containsKey(id)) {
                all.put(id, address(id));
            }
        }
        return all;
    }

    /** Every server that was told of, replicas included. */
    Collection<Address> servers() {
        Set<Address> all = new LinkedHashSet<>();
        this.addresses.keySet().forEach(id -> all.add(address(id)));
        return all;
    }

    private Address address(String id) {
        Address address = this.preferred.get(id);
        if (address == null) {
            address = this.addresses.get(id);
        }
        if (address == null) {
            throw new IllegalStateException("a server without an address has slots");
        }
        return address;
    }
}
