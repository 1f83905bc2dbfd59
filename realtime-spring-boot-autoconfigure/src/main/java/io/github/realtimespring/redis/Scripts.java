package io.github.realtimespring.redis;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** The scripts that masters are to have. Thread-safe. */
final class Scripts {

    private final List<Script> scripts = new CopyOnWriteArrayList<>();

    void add(Script script) {
        this.scripts.add(script);
    }

    List<Script> all() {
        return this.scripts;
    }
}
