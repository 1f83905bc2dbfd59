package io.github.realtimespring.redis;

import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.backplane.Buckets;
import io.github.realtimespring.history.IdempotencyStore;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import org.jspecify.annotations.Nullable;

/**
 * What things are called on the server.
 *
 * <pre>
 * chat:acme:{room:project:42}:live           channel
 * chat:acme:{room:project:42}:at             position of the stream
 * chat:acme:{room:project:42}:events         the stream
 * chat:acme:{room:project:42}:ids            ids of its events
 * chat:acme:{room:project:42}:safe           written before replicas are waited for
 * chat:acme:{once:3fz…}                      an idempotency key
 * chat:beacons                               channel of all nodes; on a cluster one for each master, named by its id
 * chat:{nodes}:leases                        who lives
 * chat:{nodes}:sequence                      grows with every change of that
 * chat:{nodes}:unsettled                     there while owners may not know that the server lost something
 * chat:{bucket:17}:owner                     who owns a bucket, and the token of whoever did last
 * chat:{bucket:17}:presence:…                who is in its rooms, see presence.lua
 * chat:{bucket:17}:…                         what is written on behalf of its owner
 * </pre>
 *
 * The braces put everything of a key, or of a bucket, into one slot of a cluster, and keys into different ones. Where keys share the channel
 * of a bucket, that has to be in the slot of their streams, so the bucket is in the braces:
 *
 * <pre>
 * chat:{bucket:17}:live                      channel
 * chat:{bucket:17}:acme:room:project:42:at   position of a stream, and so on
 * </pre>
 *
 * Neither application nor tenant has a colon or a brace, and nothing in front of the braces or behind the last colon is a
 * client's, so no two keys share a name.
 */
final class Names {

    private final String application;
    /** {@code null} if each key has a channel of its own. */
    private final @Nullable Buckets buckets;

    Names(String application) {
        this(application, null);
    }

    /** @param buckets whose channels keys share */
    Names(String application, @Nullable Buckets buckets) {
        this.application = URLEncoder.encode(application, StandardCharsets.UTF_8);
        this.buckets = buckets;
    }

    /** @param master its id; empty for one that is alone */
    String beacons(String master) {
        return this.application + (master.isEmpty() ? ":beacons" : ":beacons:" + master);
    }

    String channel(RoutingKey key) {
        return this.buckets == null ? of(key) + "live" : channel(this.buckets.of(key));
    }

    String channel(int bucket) {
        return bucket(bucket) + "live";
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

    byte[] safe(RoutingKey key) {
        return bytes(of(key) + "safe");
    }

    /** Hash: what is known of a scope. What clients chose is in its name as a digest. */
    byte[] idempotency(IdempotencyStore.Scope scope) {
        String tenant = scope.room().tenant();
        return bytes(this.application + ':' + (tenant == null ? "" : tenant) + ":{once:"
                + digest(
                        scope.client(),
                        scope.room().kind().prefix(),
                        scope.room().id(),
                        scope.event(),
                        scope.key()) + '}');
    }

    private static String digest(String... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (String part : parts) {
                byte[] bytes = bytes(part);
                // Its length in front, so that no two lists of parts have one text.
                digest.update(
                        ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
                digest.update(bytes);
            }
            return Base64.getUrlEncoder().withoutPadding().encodeToString(digest.digest());
        } catch (NoSuchAlgorithmException ex) {
            throw new IllegalStateException("every Java has SHA-256", ex);
        }
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
        String tenant = key.tenant() == null ? "" : key.tenant();
        String name = key.kind().prefix() + ':' + key.id();
        return this.buckets == null
                ? this.application + ':' + tenant + ":{" + name + "}:"
                : bucket(this.buckets.of(key)) + tenant + ':' + name + ':';
    }

    private String bucket(int bucket) {
        return this.application + ":{bucket:" + bucket + "}:";
    }

    static byte[] bytes(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
