package io.github.realtimespring.sample;

import org.springframework.core.env.Environment;

/** The process that a tab is connected to, for people who start several and want to see it. */
record ServedBy(long process, String port) {

    static ServedBy thisProcess(Environment environment) {
        return new ServedBy(ProcessHandle.current().pid(), environment.getProperty("local.server.port", "?"));
    }
}
