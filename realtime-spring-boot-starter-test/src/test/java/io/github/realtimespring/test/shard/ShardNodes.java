package io.github.realtimespring.test.shard;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.Ticker;
import io.github.realtimespring.shard.LeasedShardRouter;
import io.github.realtimespring.shard.NodeStore;
import io.github.realtimespring.shard.Ownership;
import io.github.realtimespring.shard.ShardRouter;
import io.github.realtimespring.shard.ShardSettings;
import io.github.realtimespring.test.backplane.FaultyBackplane;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Nodes on one store in memory, whose time is the test's. After every step it is looked at whether two of them take
 * themselves for the owner of one bucket, which must never be.
 */
final class ShardNodes {

    static final ShardSettings SETTINGS = ShardSettings.DEFAULTS;
    static final Duration TICK = Duration.ofSeconds(1);

    final FaultyBackplane backplane;
    private final Map<String, Node> nodes = new TreeMap<>();
    private final int buckets;

    ShardNodes(long seed) {
        this(seed, SETTINGS);
    }

    ShardNodes(long seed, ShardSettings settings) {
        this.backplane = FaultyBackplane.manual(seed);
        this.settings = settings;
        this.buckets = settings.buckets();
    }

    private final ShardSettings settings;

    /** A node that has started. */
    Node start(String name) {
        return start(name, this.backplane.ticker());
    }

    /** @param ticker its own clock */
    Node start(String name, Ticker ticker) {
        this.backplane.broker(name);
        Node node = new Node(name, ticker);
        this.nodes.put(name, node);
        node.router.start();
        this.backplane.deliver();
        return node;
    }

    Collection<Node> all() {
        return this.nodes.values();
    }

    /** Beacons tell that somebody came or went. */
    void hint() {
        this.nodes.values().forEach(node -> node.router.refresh());
    }

    /** Time passes, in ticks of all nodes that run. */
    void pass(Duration time) {
        for (Duration left = time; !left.isNegative() && !left.isZero(); left = left.minus(TICK)) {
            this.backplane.advance(TICK);
            checkOwners();
            for (Node node : List.copyOf(this.nodes.values())) {
                if (node.running) {
                    node.router.tick();
                    this.backplane.deliver();
                    checkOwners();
                }
            }
        }
    }

    private void checkOwners() {
        for (int bucket = 0; bucket < this.buckets; bucket++) {
            int owners = 0;
            for (Node node : this.nodes.values()) {
                owners += node.router.ownership(bucket).mine() ? 1 : 0;
            }
            assertThat(owners).as("nodes that own bucket %d", bucket).isLessThanOrEqualTo(1);
        }
    }

    /** How many buckets have an owner now. */
    int owned() {
        return this.nodes.values().stream()
                .mapToInt(node -> node.router.owned())
                .sum();
    }

    /** One node and what it hears and asks. */
    final class Node implements ShardRouter.Listener {

        final String name;
        final LeasedShardRouter router;
        final Counting store;
        /** What it heard: buckets that it owns, with their tokens. */
        final Map<Integer, Long> owned = new HashMap<>();

        final List<Long> tokens = new ArrayList<>();
        int lost;
        private boolean running = true;

        Node(String name, Ticker ticker) {
            this.name = name;
            this.store = new Counting(ShardNodes.this.backplane.nodeStore(name));
            this.router = LeasedShardRouter.manual("origin-" + name, this.store, ShardNodes.this.settings, ticker);
            this.router.addListener(this);
        }

        @Override
        public void taken(int bucket, long token) {
            assertThat(this.owned).as("what %s owns", this.name).doesNotContainKey(bucket);
            this.owned.put(bucket, token);
            this.tokens.add(token);
        }

        @Override
        public void lost(int bucket) {
            assertThat(this.router.ownership(bucket).mine())
                    .as("%s owns what it lost", this.name)
                    .isFalse();
            assertThat(this.owned).as("what %s owns", this.name).containsKey(bucket);
            this.owned.remove(bucket);
            this.lost++;
        }

        /** Stands still: nothing of it runs, and its clock goes on. */
        void pause() {
            this.running = false;
        }

        void resume() {
            this.running = true;
        }

        boolean isRunning() {
            return this.running;
        }

        /** Ends without a word. */
        void kill() {
            this.running = false;
            ShardNodes.this.nodes.remove(this.name);
        }

        void leave() {
            this.router.close();
            ShardNodes.this.backplane.deliver();
            ShardNodes.this.nodes.remove(this.name);
        }

        /** Whether the store takes what this node writes for a bucket with the token that it was given last. */
        boolean writes(int bucket, long token) {
            return ShardNodes.this.backplane.nodeStore().admits(bucket, token);
        }

        int aBucket() {
            for (int bucket = 0; bucket < ShardNodes.this.buckets; bucket++) {
                Ownership ownership = this.router.ownership(bucket);
                if (ownership.mine()) {
                    return bucket;
                }
            }
            throw new AssertionError(this.name + " owns nothing");
        }
    }

    /** Counts what a node asks of the store. */
    static final class Counting implements NodeStore {

        private final NodeStore store;
        int renewals;
        int claims;
        int releases;
        /** Answers to claims wait for it. */
        private CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

        /** From now on the store does what it is asked, and answers to claims come later. */
        CompletableFuture<Void> holdAnswers() {
            this.gate = new CompletableFuture<>();
            return this.gate;
        }

        Counting(NodeStore store) {
            this.store = store;
        }

        @Override
        public String name() {
            return this.store.name();
        }

        @Override
        public CompletionStage<Nodes> renew(String origin, Duration lease, long seen, long highest) {
            this.renewals++;
            return this.store.renew(origin, lease, seen, highest);
        }

        @Override
        public CompletionStage<Void> leave(String origin) {
            return this.store.leave(origin);
        }

        @Override
        public CompletionStage<List<Claimed>> claim(String origin, long sequence, Map<Integer, String> buckets) {
            this.claims++;
            return this.store.claim(origin, sequence, buckets).thenCombine(this.gate, (answers, open) -> answers);
        }

        @Override
        public CompletionStage<Void> release(String origin, Collection<Integer> buckets) {
            this.releases++;
            return this.store.release(origin, buckets);
        }
    }
}
