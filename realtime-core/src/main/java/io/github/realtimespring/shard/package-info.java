/** Which node coordinates what: keys in buckets, and buckets owned by nodes. */
@NullMarked
package io.github.realtimespring.shard;

import org.jspecify.annotations.NullMarked;
