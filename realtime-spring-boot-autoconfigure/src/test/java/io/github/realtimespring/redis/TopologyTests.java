package io.github.realtimespring.redis;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What servers of a cluster say of it, as 7.0.15 writes it. */
class TopologyTests {

    private static final Topology.Address ASKED = new Topology.Address("10.0.0.9", 7009);

    private static Topology topology(String... nodes) {
        Topology topology = new Topology();
        for (String said : nodes) {
            topology.add(ASKED, said, List.of());
        }
        return topology;
    }

    @Test
    void mastersHaveTheSlotsThatTheServersSay() {
        Topology topology = topology("""
                aa 10.0.0.1:7001@17001 myself,master - 0 0 1 connected 0-99 200 [93->-bb] [94-<-bb]
                bb 10.0.0.2:7002@17002,redis-2.internal master - 0 1700000000000 2 connected 100-199
                cc 10.0.0.3:7003@17003 slave aa 0 1700000000000 1 connected
                dd :0@0 master,noaddr - 0 0 3 disconnected 300
                ee [not a line]
                """);

        assertThat(topology.owner(0)).isEqualTo("aa");
        assertThat(topology.owner(99)).isEqualTo("aa");
        assertThat(topology.owner(150)).isEqualTo("bb");
        assertThat(topology.owner(200)).isEqualTo("aa");
        assertThat(topology.owner(201)).isNull();
        assertThat(topology.owner(300)).isNull();
        assertThat(topology.owners())
                .containsOnlyKeys("aa", "bb")
                .containsEntry("bb", new Topology.Address("10.0.0.2", 7002));
        assertThat(topology.servers()).contains(new Topology.Address("10.0.0.3", 7003));
    }

    /** Whichever of them is asked first: the old master does not know yet, or the others do not. */
    @Test
    void ofTwoThatClaimASlotTheOneWithTheHigherEpochHasIt() {
        String before = "aa 10.0.0.1:7001@17001 master - 0 0 3 connected 0-99\n"
                + "bb 10.0.0.2:7002@17002 slave aa 0 0 3 connected\n";
        String after = "aa 10.0.0.1:7001@17001 master,fail - 0 0 3 disconnected\n"
                + "bb 10.0.0.2:7002@17002 master - 0 0 4 connected 0-99\n";

        assertThat(topology(before, after).owner(50)).isEqualTo("bb");
        assertThat(topology(after, before).owner(50)).isEqualTo("bb");
    }

    @Test
    void aServerThatDoesNotKnowItsAddressIsWhereItWasAsked() {
        assertThat(topology("aa :7001@17001 myself,master - 0 0 1 connected 0-99")
                        .owners())
                .containsEntry("aa", new Topology.Address("10.0.0.9", 7001));
        assertThat(topology("aa ::1:7001@17001 myself,master - 0 0 1 connected 0-99")
                        .owners())
                .containsEntry("aa", new Topology.Address("::1", 7001));
    }

    /** {@code cluster-preferred-endpoint-type}. */
    @Test
    void theAddressThatClientsAreToUseIsUsed() {
        Topology topology = new Topology();
        topology.add(
                ASKED,
                "aa 10.0.0.1:7001@17001,redis-1.internal master - 0 0 1 connected 0-99\n"
                        + "bb 10.0.0.2:7002@17002 master - 0 0 2 connected 100-199\n",
                List.of(
                        List.of(0L, 99L, List.of(bytes("redis-1.internal"), 7001L, bytes("aa"), List.of())),
                        List.of(100L, 199L, List.of(bytes("?"), 7002L, bytes("bb"), List.of()))));

        assertThat(topology.owners())
                .containsEntry("aa", new Topology.Address("redis-1.internal", 7001))
                .containsEntry("bb", new Topology.Address("10.0.0.2", 7002));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
