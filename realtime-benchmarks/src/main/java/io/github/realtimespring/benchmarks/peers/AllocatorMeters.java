package io.github.realtimespring.benchmarks.peers;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufAllocatorMetric;
import io.netty.buffer.ByteBufAllocatorMetricProvider;
import io.netty.buffer.PooledByteBufAllocator;
import org.springframework.boot.autoconfigure.condition.ConditionalOnWebApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Direct memory of Netty's default allocator, in bytes: {@code bench.netty.reserved} is what it has taken from the system, in
 * chunks, {@code bench.netty.pinned} what buffers take of that at this moment, which the pooled allocator alone tells.
 */
@Configuration(proxyBeanMethods = false)
@ConditionalOnWebApplication(type = ConditionalOnWebApplication.Type.REACTIVE)
class AllocatorMeters {

    @Bean
    MeterBinder allocator() {
        ByteBufAllocatorMetric metric = ((ByteBufAllocatorMetricProvider) ByteBufAllocator.DEFAULT).metric();
        return registry -> {
            Gauge.builder("bench.netty.reserved", metric, ByteBufAllocatorMetric::usedDirectMemory)
                    .strongReference(true)
                    .register(registry);
            if (ByteBufAllocator.DEFAULT instanceof PooledByteBufAllocator pooled) {
                Gauge.builder("bench.netty.pinned", pooled, PooledByteBufAllocator::pinnedDirectMemory)
                        .strongReference(true)
                        .register(registry);
            }
        };
    }
}
