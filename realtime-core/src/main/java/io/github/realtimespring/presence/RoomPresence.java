package io.github.realtimespring.presence;

import java.util.ArrayList;
import java.util.List;

/**
 * Who is in a room at one moment, on all nodes.
 *
 * @param version grows with every change; 0 for a room that nobody was in
 * @param count how many users there are
 * @param listed whether they are listed; not so in a room of too many
 * @param members the users by name; empty if they are not listed
 * @since 0.1.0
 */
public record RoomPresence(long version, int count, boolean listed, List<Member> members) {

    /** A room that nobody was in. */
    public static final RoomPresence EMPTY = new RoomPresence(0, 0, true, List.of());

    public RoomPresence {
        members = List.copyOf(members);
    }

    /** The same with a member who may not have been seen yet: whoever joins sees itself. */
    public RoomPresence with(Member member) {
        if (!this.listed) {
            return this;
        }
        List<Member> all = new ArrayList<>(this.members);
        all.removeIf(other -> other.user().equals(member.user()));
        int count = this.count + all.size() + 1 - this.members.size();
        int place = 0;
        while (place < all.size() && all.get(place).user().compareTo(member.user()) < 0) {
            place++;
        }
        all.add(place, member);
        return new RoomPresence(this.version, count, true, all);
    }
}
