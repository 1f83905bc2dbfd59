package io.github.realtimespring.readme;

import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class ReadmeApplication {}
