package io.github.realtimespring.benchmarks.load;

/** How the product's members are connected; whoever publishes for them, and whoever is pinged meanwhile, is a WebSocket. */
enum Transport {
    WEBSOCKET("WebSocket", "product.adapter"),
    SSE("SSE", "product-sse.adapter"),
    POLL("long poll", "product-poll.adapter");

    private final String label;
    private final String adapter;

    Transport(String label, String adapter) {
        this.label = label;
        this.adapter = adapter;
    }

    /** The name in tables. */
    String label() {
        return this.label;
    }

    /** {@code product} with members of this kind. */
    Peer of(Peer product) {
        return product.through("--adapter", "fanbench/" + this.adapter);
    }
}
