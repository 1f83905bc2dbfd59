package io.github.realtimespring.test.chat;

record ProjectState(String name) {}
