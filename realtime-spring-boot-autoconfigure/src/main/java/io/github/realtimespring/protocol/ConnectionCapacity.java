package io.github.realtimespring.protocol;

import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.OperatingSystemMXBean;
import java.util.ArrayList;
import java.util.List;

/**
 * Whether as many connections as are configured can be had, so that it is the configured limit that answers, with 503 (SPEC
 * §12): neither the limit of open files, which fails, nor that of the web server, which leaves the rest unanswered.
 *
 * <p>Thread-safe.
 *
 * @since 0.1.0
 */
public final class ConnectionCapacity {

    /** Files that are not connections: the server's own, those of the application, connections that are refused. */
    private static final int OTHERS = 100;

    private final int max;
    private volatile long files;
    private volatile long open;
    private volatile int server;
    private volatile String serverProperty = "";

    /** @param max connections of this node, {@link Integer#MAX_VALUE} if there is no limit */
    public ConnectionCapacity(int max) {
        this.max = max;
        OperatingSystemMXBean system = ManagementFactory.getOperatingSystemMXBean();
        if (system instanceof UnixOperatingSystemMXBean unix) {
            files(unix.getMaxFileDescriptorCount(), unix.getOpenFileDescriptorCount());
        }
    }

    /**
     * What the process may open.
     *
     * @param limit 0 if it is not known
     * @param open how many files it has without a connection
     */
    void files(long limit, long open) {
        this.files = limit;
        this.open = open;
    }

    /**
     * The web server has a limit of its own.
     *
     * @param limit of connections; negative for none
     * @param property where it is set
     */
    public void server(int limit, String property) {
        this.server = Math.max(0, limit);
        this.serverProperty = property;
    }

    /** Connections of this node, {@link Integer#MAX_VALUE} if there is no limit. */
    public int max() {
        return this.max;
    }

    /** How many files the process may open; 0 if it is not known. */
    public long files() {
        return this.files;
    }

    /** How many connections the web server takes; 0 if it has no limit. */
    public int server() {
        return this.server;
    }

    /** A sentence for each limit that is reached before the configured one. */
    public List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        if (this.max == Integer.MAX_VALUE) {
            return warnings;
        }
        long needed = this.max + this.open + OTHERS;
        if (this.files > 0 && this.files < needed) {
            warnings.add("realtime.connections.max is %d, and this process may open %d files, of which %d are open"
                            .formatted(this.max, this.files, this.open)
                    + " without a client: raise its limit (ulimit -n, LimitNOFILE) to at least %d, or lower the property"
                            .formatted(needed));
        }
        if (this.server > 0 && this.server <= this.max) {
            warnings.add("realtime.connections.max is %d, and the web server takes %d connections and leaves others"
                            .formatted(this.max, this.server)
                    + " unanswered: set %s above it".formatted(this.serverProperty));
        }
        return warnings;
    }
}
