package io.github.realtimespring.sample;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Profile;

/** In a process of the sample: a clock that is as wrong as a file says, for a test to set it back and forth. */
@Configuration(proxyBeanMethods = false)
@Profile(JumpingClock.PROFILE)
class JumpingClock {

    static final String PROFILE = "jumping-clock";
    static final String FILE = "jumping-clock.file";

    @Bean
    InstantSource jumpingInstantSource(@Value("${" + FILE + "}") Path file) {
        return () -> Instant.now().plus(error(file));
    }

    private static Duration error(Path file) {
        try {
            return Duration.parse(Files.readString(file));
        } catch (IOException ex) {
            throw new UncheckedIOException(ex);
        }
    }

    /** Sets the clock of the process. */
    static void set(Path file, Duration error) throws IOException {
        // Never half written.
        Path written = Files.writeString(file.resolveSibling(file.getFileName() + ".new"), error.toString());
        Files.move(written, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }
}
