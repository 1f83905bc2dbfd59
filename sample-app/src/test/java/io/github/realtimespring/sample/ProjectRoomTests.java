package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.test.RealtimeTest;
import io.github.realtimespring.test.RealtimeTestClient;
import io.github.realtimespring.test.RealtimeTester;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.context.annotation.Import;

@RealtimeTest(ProjectRoom.class)
@Import({ProjectService.class, MessageRepository.class, ApprovalRepository.class})
class ProjectRoomTests {

    private static final String APOLLO = "project:42";

    @Autowired
    RealtimeTester realtime;

    private RealtimeTestClient member(String user) {
        RealtimeTestClient client = this.realtime.connectAs(user);
        client.join(APOLLO).assertJoined();
        return client;
    }

    @Test
    void onlyTheTeamMayEnter() {
        this.realtime.connectAs("carol").join(APOLLO).assertRejected("forbidden");
        this.realtime.connectAs("carol").join("project:7").assertJoined();
        this.realtime.connectAs("alice").join("project:1").assertRejected("forbidden");
        this.realtime.connectAs("alice").join("lobby").assertRejected("not-found");
        this.realtime.connectAs("alice").join("project:x").assertRejected("invalid-payload");
    }

    @Test
    void theStateTellsWhatThePageDraws() {
        RealtimeTestClient alice = member("alice");
        alice.publish("message.send", Map.of("text", "hi")).assertAcked();
        alice.publish("approval.request", Map.of("title", "Ship it")).assertAcked();

        this.realtime.connectAs("bob").join(APOLLO).state(ProjectState.class).satisfies(state -> {
            assertThat(state.project()).isEqualTo(new Project(42, "Apollo"));
            assertThat(state.me()).isEqualTo("bob");
            assertThat(state.servedBy().process())
                    .isEqualTo(ProcessHandle.current().pid());
            assertThat(state.messages()).last().satisfies(message -> {
                assertThat(message.from()).isEqualTo("alice");
                assertThat(message.text()).isEqualTo("hi");
            });
            assertThat(state.approvals()).last().satisfies(approval -> {
                assertThat(approval.title()).isEqualTo("Ship it");
                assertThat(approval.decision()).isNull();
            });
        });
    }

    @Test
    void theAuthorOfAMessageGetsItsReceipt() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");

        ProjectRoom.Sent sent = alice.publish("message.send", Map.of("text", "hi"))
                .assertAcked()
                .data(ProjectRoom.Sent.class)
                .actual();

        assertThat(sent.receipt().members()).isEqualTo(2);
        assertThat(sent.receipt().accepted()).isEqualTo(2);
        assertThat(sent.receipt().bytes()).isPositive();
        assertThat(sent.receipt().backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        for (RealtimeTestClient client : List.of(alice, bob)) {
            client.expectEvent("message.created", Message.class).satisfies(message -> {
                assertThat(message.id()).isEqualTo(sent.id());
                assertThat(message.from()).isEqualTo("alice");
                assertThat(message.text()).isEqualTo("hi");
            });
        }
    }

    @Test
    void onlyTheOthersSeeThatSomebodyTypes() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.send("typing");

        bob.expectEvent("typing", Typing.class).isEqualTo(new Typing("alice"));
        alice.expectNoMoreEvents();
    }

    @Test
    void aNoticeGoesToEverybody() {
        RealtimeTestClient alice = member("alice");

        alice.publish("notice.post", Map.of("text", "Lunch")).assertAcked();

        alice.expectEvent("notice.posted", Notice.class).satisfies(notice -> {
            assertThat(notice.from()).isEqualTo("alice");
            assertThat(notice.text()).isEqualTo("Lunch");
        });
    }

    @Test
    void anApprovalIsDecidedOnce() {
        RealtimeTestClient alice = member("alice");
        RealtimeTestClient bob = member("bob");
        alice.publish("approval.request", Map.of("title", "Ship it")).assertAcked();
        Approval.Requested requested = bob.expectEvent("approval.requested", Approval.Requested.class)
                .satisfies(approval -> assertThat(approval.title()).isEqualTo("Ship it"))
                .actual();

        bob.publish("approval.decide", Map.of("id", requested.id(), "decision", "approved"))
                .assertAcked();
        String tooLate = alice.publish("approval.decide", Map.of("id", requested.id(), "decision", "rejected"))
                .assertError("conflict")
                .message();

        assertThat(tooLate).isEqualTo("bob was faster.");
        alice.expectEvent("approval.decided", Approval.Decided.class)
                .isEqualTo(new Approval.Decided(requested.id(), Approval.Decision.APPROVED, "bob"));
    }

    @Test
    void whatIsEmptyOrUnknownIsRefused() {
        RealtimeTestClient alice = member("alice");

        assertThat(alice.publish("message.send", Map.of("text", " "))
                        .assertError("invalid-payload")
                        .details())
                .extracting("field")
                .containsExactly("text");
        alice.publish("message.send").assertError("invalid-payload");
        alice.publish("approval.decide", Map.of("id", "a0", "decision", "approved"))
                .assertError("not-found");
        alice.publish("approval.decide", Map.of("id", "a0", "decision", "perhaps"))
                .assertError("invalid-payload");
        alice.publish("message.delete").assertError("not-found");
        alice.expectNoMoreEvents();
    }
}
