package io.github.realtimespring.shard;

import io.github.realtimespring.RoutingKey;

/**
 * Hashes that are the same in every process, version and language: what is stored is found by them. FNV-1a with 64 bits
 * over UTF-16 units, and the finalizer of MurmurHash3, since the low bits of the former alone are not even.
 */
final class KeyHash {

    private static final long OFFSET = 0xcbf29ce484222325L;
    private static final long PRIME = 0x100000001b3L;

    private KeyHash() {}

    /** The bucket of a key. */
    static int bucket(RoutingKey key, int buckets) {
        return (int) Long.remainderUnsigned(mix(of(key.toString())), buckets);
    }

    static long of(String text) {
        long hash = OFFSET;
        for (int i = 0; i < text.length(); i++) {
            hash = (hash ^ text.charAt(i)) * PRIME;
        }
        return hash;
    }

    /** Each bit of the answer depends on each bit of the argument. */
    static long mix(long hash) {
        long mixed = (hash ^ hash >>> 33) * 0xff51afd7ed558ccdL;
        mixed = (mixed ^ mixed >>> 33) * 0xc4ceb9fe1a85ec53L;
        return mixed ^ mixed >>> 33;
    }
}
