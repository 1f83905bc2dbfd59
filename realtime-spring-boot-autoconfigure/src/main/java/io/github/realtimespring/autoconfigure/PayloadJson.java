package io.github.realtimespring.autoconfigure;

import tools.jackson.databind.json.JsonMapper;

/** The mapper of payloads: a bean of its own type, so that it never stands beside the application's mapper. */
record PayloadJson(JsonMapper mapper) {}
