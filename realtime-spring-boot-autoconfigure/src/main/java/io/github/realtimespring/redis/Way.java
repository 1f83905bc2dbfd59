package io.github.realtimespring.redis;

/**
 * Which of two connections messages take. A server reads each of them for itself, so what went on one may be overtaken by
 * what goes on the other: the way changes to the channels only when nothing is under way with the commands. The other way
 * round it changes when the connection for channels is lost, and with it what had no answer there.
 *
 * <p>Thread-safe.
 */
final class Way {

    private boolean byChannels;
    /** Messages with the commands that have no answer yet. */
    private int byCommands;

    /**
     * The way of one more message.
     *
     * @param channels whether the connection for channels can be used
     * @return whether it is to be used; if not, {@link #leave} is called when the message is answered
     */
    synchronized boolean enter(boolean channels) {
        this.byChannels = channels && (this.byChannels || this.byCommands == 0);
        if (!this.byChannels) {
            this.byCommands++;
        }
        return this.byChannels;
    }

    /** A message that went with the commands has its answer, or will not get one. */
    synchronized void leave() {
        this.byCommands--;
    }
}
