package io.github.realtimespring.benchmarks.load;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The page of results: each experiment replaces what stands between its two comments. */
final class Report {

    private final Path page;

    Report(Path page) {
        this.page = page;
    }

    /** A picture of the page. */
    Path image(String name) {
        return this.page.resolveSibling("images").resolve(name);
    }

    void replace(String name, String text) throws IOException {
        String begin = "<!-- measured: " + name + " -->";
        String end = "<!-- end: " + name + " -->";
        String content = Files.readString(this.page);
        int from = content.indexOf(begin);
        int to = content.indexOf(end);
        if (from < 0 || to < from) {
            throw new IOException(this.page + " has no place for " + name);
        }
        Files.writeString(
                this.page,
                content.substring(0, from + begin.length()) + "\n" + text.strip() + "\n" + content.substring(to));
    }
}
