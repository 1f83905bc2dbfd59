package io.github.realtimespring.webmvc;

import jakarta.websocket.RemoteEndpoint;
import jakarta.websocket.Session;
import java.lang.reflect.Proxy;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** A session that remembers its closes and has nothing else but the remote it is given. */
final class FakeSession {

    final List<Integer> closes = new CopyOnWriteArrayList<>();
    final Map<String, Object> properties = new HashMap<>();

    Session with(RemoteEndpoint.@Nullable Async remote) {
        return (Session) Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Session.class},
                (proxy, method, args) -> switch (method.getName()) {
                    case "getAsyncRemote" -> remote;
                    case "getUserProperties" -> this.properties;
                    case "getId" -> "1";
                    case "close" -> {
                        this.closes.add(((jakarta.websocket.CloseReason) args[0])
                                .getCloseCode()
                                .getCode());
                        yield null;
                    }
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }
}
