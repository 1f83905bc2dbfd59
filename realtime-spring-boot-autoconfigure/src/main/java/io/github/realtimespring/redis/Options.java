package io.github.realtimespring.redis;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.SocketOptions;
import io.lettuce.core.TimeoutOptions;
import java.time.Duration;
import java.util.function.Consumer;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;

/**
 * What differs between the options of the application's Redis client and those of ours:
 *
 * <ul>
 *   <li>no reconnect, because {@link Link} does that,
 *   <li>commands are refused while there is no connection,
 *   <li>every command ends within the publish timeout, and so do connecting and the handshake,
 *   <li>a bound for commands without an answer.
 * </ul>
 *
 *
 * <p>A customizer of the application comes after that. What it changes of these is refused, by name.
 *
 * @param patience the publish timeout
 * @param maxUnanswered commands that may wait for their answers
 * @param customizer changes the options that nothing depends on
 */
record Options(Duration patience, int maxUnanswered, Consumer<ClientOptions.Builder> customizer) {

    /** How long a command may take. */
    Duration timeout(LettuceClientConfiguration application) {
        return shorter(application.getCommandTimeout(), this.patience);
    }

    ClientOptions of(LettuceClientConfiguration application) {
        ClientOptions own = application.getClientOptions().orElseGet(ClientOptions::create);
        SocketOptions socket = own.getSocketOptions();
        ClientOptions.Builder builder = own.mutate()
                .autoReconnect(false)
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled(timeout(application)))
                // Would make timeouts longer while the server says that it is being looked after.
                .maintNotificationsConfig(MaintNotificationsConfig.disabled())
                // Those that have timed out still wait for their answers.
                .requestQueueSize(2 * this.maxUnanswered)
                .socketOptions(socket.mutate()
                        .connectTimeout(shorter(socket.getConnectTimeout(), this.patience))
                        .build());
        ClientOptions ours = builder.build();
        this.customizer.accept(builder);
        ClientOptions customized = builder.build();
        kept("autoReconnect", ours.isAutoReconnect(), customized.isAutoReconnect());
        kept("disconnectedBehavior", ours.getDisconnectedBehavior(), customized.getDisconnectedBehavior());
        kept("timeoutOptions", ours.getTimeoutOptions(), customized.getTimeoutOptions());
        kept("maintNotificationsConfig", ours.getMaintNotificationsConfig(), customized.getMaintNotificationsConfig());
        kept("requestQueueSize", ours.getRequestQueueSize(), customized.getRequestQueueSize());
        Duration connect = customized.getSocketOptions().getConnectTimeout();
        kept("socketOptions.connectTimeout", true, connect.equals(shorter(connect, this.patience)));
        return customized;
    }

    private static void kept(String option, Object ours, Object customized) {
        if (!ours.equals(customized)) {
            throw new ReservedOptionException(option);
        }
    }

    private static Duration shorter(Duration one, Duration other) {
        return one.isZero() || one.isNegative() || one.compareTo(other) > 0 ? other : one;
    }
}
