package io.github.realtimespring.scenario;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/**
 * What an operator is told of failures, from the start of an application on: lines at ERROR, and what has a stack trace with
 * a class of ours in it. Nothing that a client does belongs there.
 */
final class ErrorLog extends AppenderBase<ILoggingEvent> implements AutoCloseable {

    private static final String OURS = "io.github.realtimespring.";
    private static final int MOST = 20;

    private final Logger root = (Logger) LoggerFactory.getLogger(org.slf4j.Logger.ROOT_LOGGER_NAME);
    private final List<String> lines = new CopyOnWriteArrayList<>();

    /** To be called when the application has started: its start takes away what listened before. */
    static ErrorLog listen() {
        ErrorLog log = new ErrorLog();
        log.setContext(log.root.getLoggerContext());
        log.start();
        log.root.addAppender(log);
        return log;
    }

    @Override
    protected void append(ILoggingEvent event) {
        String trace = event.getThrowableProxy() == null ? "" : ThrowableProxyUtil.asString(event.getThrowableProxy());
        boolean tells = event.getLevel().isGreaterOrEqual(Level.ERROR)
                || event.getLevel().isGreaterOrEqual(Level.WARN) && trace.contains(OURS);
        if (tells && this.lines.size() < MOST) {
            this.lines.add(event.getLoggerName() + ": " + event.getFormattedMessage() + "\n" + trace);
        }
    }

    List<String> lines() {
        return this.lines;
    }

    @Override
    public void close() {
        this.root.detachAppender(this);
        stop();
    }
}
