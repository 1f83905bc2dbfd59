package io.github.realtimespring.benchmarks.peers;

import io.github.realtimespring.handler.annotation.Broadcast;
import io.github.realtimespring.handler.annotation.RoomAccess;
import io.github.realtimespring.handler.annotation.RoomController;
import io.github.realtimespring.handler.annotation.RoomEvent;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Import;
import tools.jackson.databind.JsonNode;

/** The product as a user has it: the starter, one class, receipts, budgets and meters on. */
@SpringBootConfiguration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({ProductApplication.BenchRoom.class, AllocatorMeters.class})
public class ProductApplication {

    public static void main(String[] args) {
        SpringApplication.run(ProductApplication.class, args);
    }

    /** Sends on what it gets. */
    @RoomController("{room}")
    static class BenchRoom {

        @RoomAccess
        boolean everybody() {
            return true;
        }

        @RoomEvent("bench")
        @Broadcast("bench")
        JsonNode bench(JsonNode data) {
            return data;
        }

        /** Of another delivery class, where an experiment says so. */
        @RoomEvent("kept")
        @Broadcast("kept")
        JsonNode kept(JsonNode data) {
            return data;
        }
    }
}
