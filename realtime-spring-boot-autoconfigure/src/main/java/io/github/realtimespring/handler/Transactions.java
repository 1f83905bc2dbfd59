package io.github.realtimespring.handler;

import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/** The transaction of the calling thread, where Spring's transactions are there at all. */
final class Transactions {

    private Transactions() {}

    static boolean active() {
        return Libraries.TRANSACTIONS && Synchronizations.active();
    }

    /**
     * @param beforeCommit fails the commit by throwing
     * @param committed runs after the commit
     * @param rolledBack runs if there was no commit
     */
    static void register(Runnable beforeCommit, Runnable committed, Runnable rolledBack) {
        Synchronizations.register(beforeCommit, committed, rolledBack);
    }

    /** Loaded only where spring-tx is. */
    private static final class Synchronizations {

        static boolean active() {
            return TransactionSynchronizationManager.isSynchronizationActive()
                    && TransactionSynchronizationManager.isActualTransactionActive();
        }

        static void register(Runnable beforeCommit, Runnable committed, Runnable rolledBack) {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                private boolean ran;

                @Override
                public void beforeCommit(boolean readOnly) {
                    beforeCommit.run();
                }

                @Override
                public void afterCommit() {
                    this.ran = true;
                    committed.run();
                }

                @Override
                public void afterCompletion(int status) {
                    if (status != STATUS_COMMITTED) {
                        rolledBack.run();
                    } else if (!this.ran) {
                        // Registered while others ran after the commit: Spring calls afterCommit for those no more.
                        committed.run();
                    }
                }
            });
        }
    }
}
