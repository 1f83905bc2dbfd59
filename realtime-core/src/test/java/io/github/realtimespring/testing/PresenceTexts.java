package io.github.realtimespring.testing;

import io.github.realtimespring.Payload;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.presence.Member;
import io.github.realtimespring.presence.PresenceChange;
import io.github.realtimespring.presence.PresenceCodec;
import io.github.realtimespring.presence.PresenceState;
import io.github.realtimespring.presence.RoomPresence;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Presence that is easy to read: {@code +bob ~al:idle -eve #3} for a difference, {@code =[al:idle bob] #2} for the whole.
 * Nothing goes between nodes.
 */
public final class PresenceTexts implements PresenceCodec {

    @Override
    public Payload encode(PresenceChange change) {
        throw new UnsupportedOperationException();
    }

    @Override
    public PresenceChange decode(RoutingKey room, Payload payload) {
        throw new UnsupportedOperationException();
    }

    @Override
    public Payload difference(PresenceChange change) {
        List<String> texts = new ArrayList<>();
        change.joined().forEach(member -> texts.add("+" + text(member)));
        change.changed().forEach(member -> texts.add("~" + text(member)));
        change.left().forEach(user -> texts.add("-" + user));
        texts.add("#" + change.count());
        return Payload.ofJson(String.join(" ", texts));
    }

    @Override
    public Payload snapshot(RoomPresence presence) {
        return Payload.ofJson(text(presence));
    }

    public static String text(RoomPresence presence) {
        String members = presence.listed()
                ? "=" + presence.members().stream().map(PresenceTexts::text).toList() + " "
                : "";
        return members.replace(",", "") + "#" + presence.count();
    }

    private static String text(Member member) {
        Payload data = member.data();
        return member.user()
                + (member.state() == PresenceState.ONLINE
                        ? ""
                        : ":" + member.state().wireName())
                + (data == null ? "" : new String(data.bytes(), StandardCharsets.UTF_8));
    }
}
