package io.github.realtimespring.registry;

import io.github.realtimespring.ConnectionId;
import io.github.realtimespring.RoutingKey;
import io.github.realtimespring.testing.Scenario;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jetbrains.lincheck.datastructures.IntGen;
import org.jetbrains.lincheck.datastructures.ManagedStrategyGuaranteeKt;
import org.jetbrains.lincheck.datastructures.ModelCheckingOptions;
import org.jetbrains.lincheck.datastructures.Operation;
import org.jetbrains.lincheck.datastructures.Param;
import org.jetbrains.lincheck.datastructures.StressOptions;
import org.jetbrains.lincheck.datastructures.Validate;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every operation of the registry on one key is atomic: lincheck makes scenarios of two threads, walks through their
 * interleavings, and compares what the operations returned with every sequential order. {@code remove} is atomic for
 * each key, not across keys, so there is only one.
 */
@Param(name = "id", gen = IntGen.class, conf = "0:1")
public class RoomRegistryLincheckTests {

    private static final RoutingKey KEY = RoutingKey.room("r");
    private static final ConnectionId[] IDS = {new ConnectionId("c0"), new ConnectionId("c1")};

    private final RoomRegistry rooms = new RoomRegistry();

    public RoomRegistryLincheckTests() {
        for (ConnectionId id : IDS) {
            this.rooms.register(id);
        }
    }

    @Operation
    public MembershipChange join(@Param(name = "id") int id) {
        return this.rooms.join(KEY, IDS[id]);
    }

    @Operation
    public MembershipChange joinSmall(@Param(name = "id") int id) {
        return this.rooms.join(KEY, IDS[id], 1);
    }

    @Operation
    public MembershipChange leave(@Param(name = "id") int id) {
        return this.rooms.leave(KEY, IDS[id]);
    }

    @Operation
    public String remove(@Param(name = "id") int id) {
        return this.rooms.remove(IDS[id]).values().toString();
    }

    @Operation
    public boolean isMember(@Param(name = "id") int id) {
        return this.rooms.isMember(KEY, IDS[id]);
    }

    @Operation
    public int size() {
        return this.rooms.size(KEY);
    }

    @Operation
    public String members() {
        return this.rooms.members(KEY).stream()
                .map(member -> member.connectionId().value())
                .collect(Collectors.toCollection(TreeSet::new))
                .toString();
    }

    @Validate
    public void bothDirectionsAgree() {
        List<String> inconsistencies = this.rooms.inconsistencies();
        if (!inconsistencies.isEmpty()) {
            throw new IllegalStateException(inconsistencies.toString());
        }
    }

    @Test
    void everyInterleavingOfTwoThreadsIsASequentialOne() {
        modelChecking(5, 100);
    }

    @Test
    @Tag("soak")
    void manyInterleavingsOfTwoThreadsAreSequentialOnes() {
        modelChecking(60, 500);
    }

    @Test
    @Tag("soak")
    void aStormOfThreeThreadsIsASequentialOne() {
        new StressOptions()
                .iterations(30)
                .invocationsPerIteration(1_000)
                .actorsBefore(1)
                .threads(3)
                .actorsPerThread(3)
                .actorsAfter(1)
                .check(RoomRegistryLincheckTests.class);
    }

    private static void modelChecking(int scenarios, int interleavings) {
        new ModelCheckingOptions()
                // The key vanishes while somebody is about to join it.
                .addCustomScenario(Scenario.of(
                        RoomRegistryLincheckTests.class,
                        List.of("join 1"),
                        List.of("join 0", "isMember 0"),
                        List.of("leave 1", "members")))
                // The connection ends while it is about to leave.
                .addCustomScenario(Scenario.of(
                        RoomRegistryLincheckTests.class,
                        List.of("join 0"),
                        List.of("leave 0"),
                        List.of("remove 0", "size")))
                .iterations(scenarios)
                .invocationsPerIteration(interleavings)
                .actorsBefore(1)
                .threads(2)
                .actorsPerThread(3)
                .actorsAfter(1)
                // Maps, keys and frames are not what is checked here: no interleavings inside them.
                .addGuarantee(ManagedStrategyGuaranteeKt.forClasses(
                                name -> !name.startsWith(RoomRegistry.class.getPackageName()))
                        .allMethods()
                        .treatAsAtomic())
                .check(RoomRegistryLincheckTests.class);
    }
}
