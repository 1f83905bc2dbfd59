package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import java.util.AbstractList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.RandomAccess;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Ways to keep the members of one key. Each is safe for any thread, and a
 * snapshot never changes.
 */
interface MemberStructure {

    /** One member; {@code slot} is its place where the structure has places. */
    final class Member {

        final ConnectionId id;
        volatile int slot = -1;

        Member(ConnectionId id) {
            this.id = id;
        }
    }

    void add(Member member);

    void remove(Member member);

    Collection<Member> snapshot();

    static MemberStructure of(String name) {
        return switch (name) {
            case "array" -> new SlottedArray();
            case "chunks" -> new Chunks();
            case "sets" -> new Sets();
            case "copy-on-write" -> new CopyOnWrite(List.of());
            default -> throw new IllegalArgumentException(name);
        };
    }

    /** An array without holes that is copied for a snapshot; the last member takes the place of one that leaves. */
    final class SlottedArray implements MemberStructure {

        private @Nullable Member[] slots = new Member[4];
        private int size;
        private volatile @Nullable List<Member> snapshot;

        @Override
        public synchronized void add(Member member) {
            if (this.size == this.slots.length) {
                this.slots = Arrays.copyOf(this.slots, this.size * 2);
            }
            this.slots[this.size] = member;
            member.slot = this.size++;
            this.snapshot = null;
        }

        @Override
        @SuppressWarnings("NullAway") // places below size never hold null
        public synchronized void remove(Member member) {
            Member last = this.slots[--this.size];
            this.slots[member.slot] = last;
            last.slot = member.slot;
            this.slots[this.size] = null;
            member.slot = -1;
            this.snapshot = null;
        }

        @Override
        @SuppressWarnings("NullAway")
        public Collection<Member> snapshot() {
            List<Member> current = this.snapshot;
            if (current == null) {
                synchronized (this) {
                    current = Collections.unmodifiableList(Arrays.asList(Arrays.copyOf(this.slots, this.size)));
                    this.snapshot = current;
                }
            }
            return current;
        }
    }

    /** The same in chunks of 256; a snapshot shares them, and a shared chunk is copied before it is written. */
    final class Chunks implements MemberStructure {

        private static final int BITS = 8;
        private static final int LENGTH = 1 << BITS;

        private Member[][] chunks = new Member[4][];
        private boolean[] shared = new boolean[4];
        private int size;
        private volatile @Nullable List<Member> snapshot;

        @Override
        public synchronized void add(Member member) {
            int chunk = this.size >> BITS;
            if (chunk == this.chunks.length) {
                this.chunks = Arrays.copyOf(this.chunks, chunk * 2);
                this.shared = Arrays.copyOf(this.shared, chunk * 2);
            }
            if (this.chunks[chunk] == null) {
                this.chunks[chunk] = new Member[LENGTH];
                this.shared[chunk] = false;
            }
            own(chunk)[this.size & LENGTH - 1] = member;
            member.slot = this.size++;
            this.snapshot = null;
        }

        @Override
        @SuppressWarnings("NullAway") // a free place holds null
        public synchronized void remove(Member member) {
            int slot = member.slot;
            Member[] end = own(--this.size >> BITS);
            Member last = end[this.size & LENGTH - 1];
            own(slot >> BITS)[slot & LENGTH - 1] = last;
            last.slot = slot;
            end[this.size & LENGTH - 1] = null;
            if ((this.size & LENGTH - 1) == 0) {
                this.chunks[this.size >> BITS] = null;
            }
            member.slot = -1;
            this.snapshot = null;
        }

        private Member[] own(int chunk) {
            if (this.shared[chunk]) {
                this.chunks[chunk] = this.chunks[chunk].clone();
                this.shared[chunk] = false;
            }
            return this.chunks[chunk];
        }

        @Override
        public Collection<Member> snapshot() {
            List<Member> current = this.snapshot;
            if (current == null) {
                synchronized (this) {
                    int used = this.size + LENGTH - 1 >> BITS;
                    Arrays.fill(this.shared, 0, used, true);
                    current = new ChunkList(Arrays.copyOf(this.chunks, used), this.size);
                    this.snapshot = current;
                }
            }
            return current;
        }

        private static final class ChunkList extends AbstractList<Member> implements RandomAccess {

            private final Member[][] chunks;
            private final int size;

            ChunkList(Member[][] chunks, int size) {
                this.chunks = chunks;
                this.size = size;
            }

            @Override
            public Member get(int index) {
                return this.chunks[index >> BITS][index & LENGTH - 1];
            }

            @Override
            public int size() {
                return this.size;
            }
        }
    }

    /** A concurrent set; a snapshot is a copy, because a pass in turns needs something that stands still. */
    final class Sets implements MemberStructure {

        private final Set<Member> members = ConcurrentHashMap.newKeySet();

        @Override
        public void add(Member member) {
            this.members.add(member);
        }

        @Override
        public void remove(Member member) {
            this.members.remove(member);
        }

        @Override
        public Collection<Member> snapshot() {
            return Arrays.asList(this.members.toArray(new Member[0]));
        }
    }

    /** An array that is copied by every change; a snapshot is the array itself. */
    final class CopyOnWrite implements MemberStructure {

        private volatile Member[] members;

        CopyOnWrite(Collection<Member> members) {
            this.members = members.toArray(new Member[0]);
            for (int i = 0; i < this.members.length; i++) {
                this.members[i].slot = i;
            }
        }

        @Override
        public synchronized void add(Member member) {
            Member[] copy = Arrays.copyOf(this.members, this.members.length + 1);
            member.slot = copy.length - 1;
            copy[member.slot] = member;
            this.members = copy;
        }

        @Override
        public synchronized void remove(Member member) {
            Member[] copy = Arrays.copyOf(this.members, this.members.length - 1);
            if (member.slot < copy.length) {
                Member last = this.members[copy.length];
                copy[member.slot] = last;
                last.slot = member.slot;
            }
            member.slot = -1;
            this.members = copy;
        }

        @Override
        public Collection<Member> snapshot() {
            return Arrays.asList(this.members);
        }
    }
}
