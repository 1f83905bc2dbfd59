package io.github.realtimespring.test.chat;

import jakarta.validation.constraints.NotBlank;

record SendMessage(@NotBlank String text) {}
