package io.github.realtimespring.test.cluster;

import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class ClusterApplication {}
