package io.github.realtimespring.architecture.violations.queues.fanout;

import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;

public class Unbounded {
    Queue<String> queue = new LinkedBlockingQueue<>();
}
