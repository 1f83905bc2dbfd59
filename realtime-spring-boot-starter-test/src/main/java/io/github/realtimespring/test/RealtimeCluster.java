package io.github.realtimespring.test;

import io.github.realtimespring.protocol.Drain;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import java.util.ArrayList;
import java.util.List;
import org.springframework.context.ConfigurableApplicationContext;

/**
 * The nodes of a {@link RealtimeClusterTest} and the backplane between them. Thread-safe.
 *
 * @since 0.1.0
 */
public final class RealtimeCluster {

    private final FaultyBackplane backplane;
    private final List<Node> nodes = new ArrayList<>();

    RealtimeCluster(FaultyBackplane backplane, List<ConfigurableApplicationContext> contexts) {
        this.backplane = backplane;
        contexts.forEach(context -> this.nodes.add(new Node(context)));
    }

    /** How many nodes there are. */
    public int size() {
        return this.nodes.size();
    }

    /** @param index from 0 on */
    public Node node(int index) {
        return this.nodes.get(index);
    }

    /** What is between the nodes; their indices here are its own. */
    public FaultyBackplane backplane() {
        return this.backplane;
    }

    /** Connections end, faults are healed, every node takes connections again. */
    void reset() {
        this.backplane.heal();
        for (Node node : this.nodes) {
            if (node.context.isActive()) {
                node.bean(Drain.class).stop();
                node.tester().disconnectAll();
            }
        }
    }

    void close() {
        this.nodes.forEach(Node::stop);
        this.backplane.close();
    }

    /**
     * One node.
     *
     * @since 0.1.0
     */
    public static final class Node {

        private final ConfigurableApplicationContext context;

        private Node(ConfigurableApplicationContext context) {
            this.context = context;
        }

        /** What opens connections to this node; see there for more ways to connect. */
        public RealtimeTester tester() {
            return bean(RealtimeTester.class);
        }

        /** Connects as a user by a WebSocket, or in memory if the node has no server. */
        public RealtimeTestClient connectAs(String user, String... roles) {
            return tester().connectAs(user, roles);
        }

        /** Connects as a user by a transport. */
        public RealtimeTestClient connectAs(String user, ClientTransport transport, String... roles) {
            return tester().over(transport).connectAs(user, roles);
        }

        /** The node's application. */
        public ConfigurableApplicationContext context() {
            return this.context;
        }

        /** A bean of the node's application. */
        public <T> T bean(Class<T> type) {
            return this.context.getBean(type);
        }

        /** Begins to let the node go: its clients are told, and are closed one after the other. */
        public void drain() {
            bean(Drain.class).start();
        }

        /** Stops the node, with its drain if the application has not turned that off; it does not come back. */
        public void stop() {
            this.context.close();
        }
    }
}
