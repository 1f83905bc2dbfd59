package io.github.realtimespring.test.chat;

import io.github.realtimespring.handler.annotation.RoomController;

@RoomController(value = "other:{id}", open = true)
class OtherRoom {}
