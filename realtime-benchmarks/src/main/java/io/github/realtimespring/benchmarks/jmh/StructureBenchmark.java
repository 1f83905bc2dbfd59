package io.github.realtimespring.benchmarks.jmh;

import io.github.realtimespring.ConnectionId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The structures of {@link MemberStructure} side by side. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
public class StructureBenchmark {

    static final List<String> ALL = List.of("array", "chunks", "sets", "copy-on-write");
    static final List<String> SIZES = List.of("20", "100000");
    static final List<String> COLUMNS = List.of("joinAndLeave", "dirtySnapshot", "cleanSnapshot", "readAll");

    private static final int STRIDE = 6_967;

    @Param({"array", "chunks", "sets", "copy-on-write"})
    public String structure = "";

    @Param({"20", "100000"})
    public int members;

    private final List<MemberStructure.Member> all = new ArrayList<>();
    private @Nullable MemberStructure room;
    private int next;

    @Setup
    public void fill() {
        MemberStructure room = MemberStructure.of(this.structure);
        for (int i = 0; i < this.members; i++) {
            MemberStructure.Member member = new MemberStructure.Member(ConnectionId.random());
            this.all.add(member);
            if (!this.structure.equals("copy-on-write")) {
                room.add(member);
            }
        }
        this.room = this.structure.equals("copy-on-write") ? copyOnWrite(this.all) : room;
    }

    /** One by one it would take minutes. */
    private static MemberStructure copyOnWrite(List<MemberStructure.Member> all) {
        return new MemberStructure.CopyOnWrite(all);
    }

    /** Bytes of heap per member that the structure adds to the members themselves. */
    static double bytesPerMember(String structure, int members) {
        measure(structure, 1_000);
        return measure(structure, members);
    }

    private static double measure(String structure, int members) {
        List<MemberStructure.Member> all = new ArrayList<>(members);
        for (int i = 0; i < members; i++) {
            all.add(new MemberStructure.Member(ConnectionId.random()));
        }
        long before = used();
        MemberStructure room = structure.equals("copy-on-write") ? copyOnWrite(all) : MemberStructure.of(structure);
        if (!structure.equals("copy-on-write")) {
            all.forEach(room::add);
        }
        long after = used();
        if (room.snapshot().size() != all.size()) {
            throw new IllegalStateException("lost members");
        }
        return (after - before) / (double) members;
    }

    private static long used() {
        for (int i = 0; i < 3; i++) {
            System.gc();
        }
        return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
    }

    private MemberStructure room() {
        return Objects.requireNonNull(this.room);
    }

    private void leaveAndJoin() {
        this.next = (this.next + STRIDE) % this.members;
        MemberStructure.Member member = this.all.get(this.next);
        room().remove(member);
        room().add(member);
    }

    @Benchmark
    public void joinAndLeave() {
        leaveAndJoin();
    }

    @Benchmark
    public Collection<MemberStructure.Member> dirtySnapshot() {
        leaveAndJoin();
        return room().snapshot();
    }

    @Benchmark
    public Collection<MemberStructure.Member> cleanSnapshot() {
        return room().snapshot();
    }

    /** What a pass reads: the snapshot and whether each is still a member. */
    @Benchmark
    public int readAll() {
        int current = 0;
        Collection<MemberStructure.Member> snapshot = room().snapshot();
        for (MemberStructure.Member member : snapshot) {
            current += member.slot >= 0 ? 1 : 0;
        }
        return current;
    }
}
