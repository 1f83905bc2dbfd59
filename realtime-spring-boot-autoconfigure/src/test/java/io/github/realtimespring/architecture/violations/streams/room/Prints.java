package io.github.realtimespring.architecture.violations.streams.room;

public class Prints {
    void print() {
        System.out.println();
    }
}
