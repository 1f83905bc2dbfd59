package io.github.realtimespring.redis;

import io.github.realtimespring.RoutingKey;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * What things are called on the server.
 *
 * <pre>
 * chat:acme:{room:project:42}:live     channel
 * chat:acme:{room:project:42}:at       position of the stream
 * chat:acme:{room:project:42}:events   the stream
 * chat:acme:{room:project:42}:ids      ids of its events
 * chat:beacons                         channel of all nodes
 * chat:{nodes}:leases                  who lives
 * chat:{nodes}:sequence                grows with every change of that
 * chat:{nodes}:unsettled               there while owners may not know that the server lost something
 * chat:{bucket:17}:owner               who owns a bucket, and the token of whoever did last
 * chat:{bucket:17}:presence:…          who is in its rooms, see presence.lua
 * chat:{bucket:17}:…                   what is written on behalf of its owner
 * </pre>
 *
 * The braces put everything of a key, or of a bucket, into one slot of a cluster, and keys into different ones. Neither
 * application nor tenant has a colon or a brace, and nothing behind the last brace is a client's, so no two keys have a name
 * in common.
 */
final class Names {

    private final String application;

    Names(String application) {
        this.application = URLEncoder.encode(application, StandardCharsets.UTF_8);
    }

    String beacons() {
        return this.application + ":beacons";
    }

    String channel(RoutingKey key) {
        return of(key) + "live";
    }

    byte[] position(RoutingKey key) {
        return bytes(of(key) + "at");
    }

    byte[] stream(RoutingKey key) {
        return bytes(of(key) + "events");
    }

    byte[] ids(RoutingKey key) {
        return bytes(of(key) + "ids");
    }

    /** Sorted set: origins of nodes, by the end of their leases. */
    byte[] leases() {
        return bytes(this.application + ":{nodes}:leases");
    }

    /** Number: the sequence of who lives. */
    byte[] sequence() {
        return bytes(this.application + ":{nodes}:sequence");
    }

    /** There, with the time that it has left, after the server lost something. */
    byte[] unsettled() {
        return bytes(this.application + ":{nodes}:unsettled");
    }

    /** Hash: {@code owner} and {@code token}, as {@code fence.lua} reads it. */
    byte[] owner(int bucket) {
        return bucket(bucket, "owner");
    }

    /** Something of a bucket, in the slot of its owner; {@code what} is not a client's. */
    byte[] bucket(int bucket, String what) {
        return bytes(this.application + ":{bucket:" + bucket + "}:" + what);
    }

    private String of(RoutingKey key) {
        String tenant = key.tenant();
        return this.application + ':' + (tenant == null ? "" : tenant) + ":{"
                + key.kind().prefix() + ':' + key.id() + "}:";
    }

    static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
