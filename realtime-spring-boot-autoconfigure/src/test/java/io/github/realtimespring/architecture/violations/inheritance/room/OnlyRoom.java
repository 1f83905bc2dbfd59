package io.github.realtimespring.architecture.violations.inheritance.room;

class OnlyRoom extends AbstractRoom {}
