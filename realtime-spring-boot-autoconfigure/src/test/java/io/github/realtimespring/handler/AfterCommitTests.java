package io.github.realtimespring.handler;

import static io.github.realtimespring.handler.HandlerFixture.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import io.github.realtimespring.Delivery;
import io.github.realtimespring.ErrorCode;
import io.github.realtimespring.RealtimeException;
import io.github.realtimespring.backplane.BackplaneOutcome;
import io.github.realtimespring.fanout.PublishReceipt;
import io.github.realtimespring.handler.annotation.BroadcastTo;
import io.github.realtimespring.handler.annotation.RealtimeEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

class AfterCommitTests {

    private final HandlerFixture fixture = new HandlerFixture();
    private final List<String> committed = new CopyOnWriteArrayList<>();
    private final TransactionTemplate transaction = new TransactionTemplate(new Transactions());
    private HandlerFixture.Client alice;

    @BeforeEach
    void start() {
        this.fixture.start();
        this.alice = this.fixture.connect("alice").in("project:42");
    }

    @AfterEach
    void close() {
        this.fixture.close();
    }

    /** Commits and rolls back nothing but says so. */
    private final class Transactions extends AbstractPlatformTransactionManager {

        @Override
        protected Object doGetTransaction() {
            return new Object();
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {}

        @Override
        protected void doCommit(DefaultTransactionStatus status) {
            assertThat(AfterCommitTests.this.alice.events()).isEmpty();
            AfterCommitTests.this.committed.add("commit");
        }

        @Override
        protected void doRollback(DefaultTransactionStatus status) {
            AfterCommitTests.this.committed.add("rollback");
        }
    }

    @BroadcastTo("project:{projectId}")
    @RealtimeEvent(name = "task.completed")
    record TaskCompleted(long projectId, List<String> tags) {}

    @BroadcastTo("project:{projectId}")
    @RealtimeEvent(name = "approved", delivery = Delivery.CRITICAL)
    record Approved(long projectId) {}

    @RealtimeEvent(name = "message", delivery = Delivery.RECOVERABLE)
    record Message(String text) {}

    private AfterCommit room() {
        return this.fixture.template.room("project:42").afterCommit();
    }

    @Test
    void anEventIsPublishedAfterTheCommitAndNotBefore() {
        CompletionStage<PublishReceipt> sent = this.transaction.execute(status -> room().send(new Message("x")));

        assertThat(this.committed).containsExactly("commit");
        assertThat(await(sent).backplane()).isEqualTo(BackplaneOutcome.RECORDED);
        await().untilAsserted(() -> assertThat(this.alice.events()).hasSize(1));
    }

    @Test
    void aRollbackPublishesNothingAndCancelsTheStage() {
        CompletionStage<PublishReceipt> sent = this.transaction.execute(status -> {
            status.setRollbackOnly();
            return room().send(new Message("x"));
        });

        assertThat(this.committed).containsExactly("rollback");
        assertThat(sent.toCompletableFuture().isCancelled()).isTrue();
        this.fixture.template.room("project:42").send("marker", "x");
        await().untilAsserted(() -> assertThat(this.alice.events())
                .extracting(event -> event.get("event").asString())
                .containsExactly("marker"));
    }

    @Test
    void withoutATransactionItIsPublishedAtOnce() {
        assertThat(await(room().send(new Message("x"))).local().accepted()).isEqualTo(1);
    }

    @Test
    void eventsKeepTheirOrder() {
        this.transaction.executeWithoutResult(status -> {
            for (int i = 0; i < 20; i++) {
                room().send(new Message("m" + i));
            }
        });

        await().untilAsserted(() -> assertThat(this.alice.events()).hasSize(20));
        for (int i = 0; i < 20; i++) {
            assertThat(this.alice.events().get(i).get("data").get("text").asString())
                    .isEqualTo("m" + i);
        }
    }

    @Test
    void aDomainEventIsBroadcastAfterTheCommitAsItWasWhenPublished() {
        List<String> tags = new ArrayList<>(List.of("a"));
        this.transaction.executeWithoutResult(status -> {
            this.fixture.context.publishEvent(new TaskCompleted(42, tags));
            tags.add("later");
        });

        await().untilAsserted(() -> assertThat(this.alice.events())
                .singleElement()
                .satisfies(event ->
                        assertThat(event.get("data").get("tags").toString()).isEqualTo("[\"a\"]")));
    }

    @Test
    void aDomainEventOfARolledBackTransactionIsNotBroadcast() {
        this.transaction.executeWithoutResult(status -> {
            status.setRollbackOnly();
            this.fixture.context.publishEvent(new TaskCompleted(42, List.of()));
        });

        this.fixture.template.room("project:42").send("marker", "x");
        await().untilAsserted(() -> assertThat(this.alice.events()).hasSize(1));
    }

    @Test
    void aCriticalEventThatCannotBePublishedFailsTheCommit() {
        this.fixture.backplane.writable = false;

        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.transaction.executeWithoutResult(
                        status -> this.fixture.context.publishEvent(new Approved(42))))
                .satisfies(ex -> assertThat(ex.code()).isEqualTo(ErrorCode.UNAVAILABLE));
        assertThat(this.committed).containsExactly("rollback");
        assertThat(this.fixture.published).isEmpty();
    }

    @Test
    void whatFailsAfterTheCommitBecomesAnApplicationEvent() {
        this.fixture.backplane.writable = false;

        this.transaction.executeWithoutResult(status -> room().send(new Message("x")));

        assertThat(this.committed).containsExactly("commit");
        await().untilAsserted(() -> assertThat(this.fixture.published)
                .singleElement()
                .isInstanceOfSatisfying(PublishFailedEvent.class, failed -> {
                    assertThat(failed.event()).isEqualTo("message");
                    assertThat(failed.key().id()).isEqualTo("project:42");
                    assertThat(failed.outcome()).isEqualTo(BackplaneOutcome.REJECTED);
                }));
    }

    @Test
    void whatCannotBeEncodedFailsTheTransaction() {
        record Bad() {
            public String getValue() {
                throw new IllegalStateException();
            }
        }

        assertThatExceptionOfType(RealtimeException.class)
                .isThrownBy(() -> this.transaction.executeWithoutResult(status -> room().send("bad", new Bad())));
        assertThat(this.committed).containsExactly("rollback");
    }

    /** Spring calls afterCommit only for what was registered before the commit: the event would be lost silently. */
    @Test
    void whatIsSentWhileOthersRunAfterTheCommitIsPublishedToo() {
        this.transaction.executeWithoutResult(
                status -> TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                    @Override
                    public void afterCommit() {
                        room().send(new Message("late"));
                    }
                }));

        await().untilAsserted(() -> assertThat(this.alice.events()).hasSize(1));
    }
}
