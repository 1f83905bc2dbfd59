package io.github.realtimespring.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RoomError;
import org.junit.jupiter.api.Test;

class RepositoryTests {

    private final MessageRepository messages = new MessageRepository();
    private final ApprovalRepository approvals = new ApprovalRepository();

    @Test
    void theLastMessagesAreKeptOldestFirst() {
        for (int i = 0; i < MessageRepository.KEPT + 3; i++) {
            this.messages.save(42, "alice", "text " + i);
        }

        assertThat(this.messages.latest(42)).hasSize(MessageRepository.KEPT);
        assertThat(this.messages.latest(42).get(0).text()).isEqualTo("text 3");
        assertThat(this.messages.latest(7)).isEmpty();
    }

    @Test
    void aDecidedApprovalMakesPlaceForANewOne() {
        for (int i = 0; i < ApprovalRepository.KEPT; i++) {
            this.approvals.request(42, "title " + i, "alice");
        }
        assertThatExceptionOfType(RoomError.class)
                .isThrownBy(() -> this.approvals.request(42, "one more", "alice"))
                .satisfies(error -> assertThat(error.code()).isEqualTo(ErrorCode.CONFLICT));

        this.approvals.decide(42, "a5", Approval.Decision.REJECTED, "bob");
        this.approvals.request(42, "one more", "alice");

        assertThat(this.approvals.all(42))
                .hasSize(ApprovalRepository.KEPT)
                .extracting(Approval::id)
                .doesNotContain("a5");
    }
}
