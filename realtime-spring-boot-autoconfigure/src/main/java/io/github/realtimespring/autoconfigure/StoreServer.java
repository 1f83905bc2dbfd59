package io.github.realtimespring.autoconfigure;

/** Where it is kept what the nodes of an application have to agree on; without one, each node has its own. */
interface StoreServer {}
