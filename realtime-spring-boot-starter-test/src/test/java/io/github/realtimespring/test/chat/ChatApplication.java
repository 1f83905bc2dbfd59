package io.github.realtimespring.test.chat;

import org.springframework.boot.autoconfigure.SpringBootApplication;

@SpringBootApplication
class ChatApplication {}
