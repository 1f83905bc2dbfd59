package io.github.realtimespring.redis;

import io.lettuce.core.output.CommandOutput;
import io.lettuce.core.protocol.CommandArgs;
import io.lettuce.core.protocol.CommandType;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * The way in which everything of this package has something done by Redis: on the one connection for commands of the
 * master that keeps a name, which on a cluster is the one that has the name's slot.
 *
 * <ul>
 *   <li>Nothing waits, and nothing is kept for later: while the master cannot be reached a command fails at once, with a
 *       {@link io.github.realtimespring.backplane.NotSentException}. So does what a master refuses, as during the
 *       migration of a slot, and it is not sent again.
 *   <li>Every stage completes within the publish timeout. A failure of another type leaves open whether the command was
 *       done.
 *   <li>What one thread gives for one name is done in that order, as long as the name stays where it is.
 *   <li>Stages complete on a thread of Lettuce, which is not to be held up.
 * </ul>
 *
 * Made by {@link RedisServers#commands}. Thread-safe.
 */
interface Commands {

    /** From now on these scripts are on every master, before anything is run there. Called before {@link #run}. */
    void use(Script... scripts);

    /** The master that keeps a name now; one that refuses everything if there is none. */
    Master at(byte[] name);

    /**
     * Runs a script.
     *
     * @param names its {@code KEYS}, at least one, all in one slot
     * @param values its {@code ARGV}
     */
    default <T> CompletionStage<T> run(
            Script script, CommandOutput<byte[], byte[], T> output, List<byte[]> names, byte[]... values) {
        return at(names.get(0)).run(script, output, names, values);
    }

    /**
     * Has a command done.
     *
     * @param name what decides where; {@code args} name it, too
     */
    default <T> CompletionStage<T> send(
            byte[] name, CommandType type, CommandOutput<byte[], byte[], T> output, CommandArgs<byte[], byte[]> args) {
        return at(name).send(type, output, args);
    }
}
